"""The operator that goes wrong is found: in graphs with one planted fault, on real runtimes, by the command."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache
from nnparity.cli import main
from nnparity.contracts import CutOperator
from nnparity.discovery import discover
from nnparity.environments import Environments
from nnparity.loading import load_file
from nnparity.locate import Confirmed, Finding, Graph, Part, bisect, locate

graphs = load_file(Path(__file__).with_name("planted_graphs.py"))
ELU = "79144245eb09@torch>onnx_from_torch>onnxruntime_cpu"
TRACED_OTHERWISE = "036711e3bf86@torch>torchscript_from_torch>libtorch_cpu"


@dataclass
class Simulated:
    """Trials of a graph in which some operators give something wrong where all of them are in the part that runs.

    hiding: operators that give right values of whatever they take. Wrong values are otherwise passed on.
    """

    graph: Graph
    faulty: frozenset[int]
    hiding: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    lesser: frozenset[int] = frozenset()
    start: int = 0
    asked: list[int] = field(default_factory=list)

    def first(self, count: int) -> Finding:
        self.asked.append(count)
        if count in self.unknown:
            return Finding.UNKNOWN
        return self._of(self.graph.up_to(self.graph.front(count), self.start))

    def alone(self, operators: Collection[int]) -> Finding:
        return self._of(self.graph.part(operators))

    def right_up_to(self, count: int) -> bool:
        if not self.lesser or count > max(self.faulty):
            return False
        self.start = count
        return True

    def _of(self, part: Part) -> Finding:
        wrong: set[str] = set()
        for place in part.operators:
            one = self.graph.operators[place]
            shows = place == max(self.faulty) and self.faulty <= set(part.operators)
            if shows or place in self.lesser or (not wrong.isdisjoint(one.takes) and place not in self.hiding):
                wrong.update(one.gives)
        return Finding.GOOD if wrong.isdisjoint(part.gives) else Finding.BAD


@st.composite
def simulated(draw: st.DrawFn) -> Graph:
    """Return a graph with branches; what nothing takes is an output."""
    count = draw(st.integers(1, 40), label="operators")
    operators = []
    for place in range(count):
        made = ["x", *(f"t{one}" for one in range(max(0, place - 6), place))]
        takes = draw(st.lists(st.sampled_from(made), min_size=1, max_size=3, unique=True), label=f"takes of {place}")
        operators.append(CutOperator("Op", f"t{place}", tuple(takes), (f"t{place}",)))
    taken = {name for one in operators for name in one.takes}
    outputs = tuple(name for one in operators for name in one.gives if name not in taken)
    return Graph(("x",), outputs, tuple(operators))


@given(graph=simulated(), data=st.data())
def test_operator_that_is_wrong_by_itself_is_named(graph: Graph, data: st.DataObject) -> None:
    count = len(graph.operators)
    place = data.draw(st.integers(0, count - 1), label="faulty")
    others = [one for one in range(count) if one != place]
    hiding = frozenset(data.draw(st.lists(st.sampled_from(others)), label="hiding") if others else ())
    trials = Simulated(graph, frozenset({place}), hiding)
    shown = trials.first(count) is Finding.BAD
    found = locate(graph, trials)
    assert found is not None
    assert (found.operators, found.confirmed) == ((place,), Confirmed.ALONE)
    if shown:
        assert found.crossed == (place,)
        assert len(trials.asked) <= 2 + count.bit_length() + 1


@given(graph=simulated(), data=st.data())
def test_operators_that_are_wrong_together_are_named_and_no_others(graph: Graph, data: st.DataObject) -> None:
    pairs = [
        (graph.maker[name], place)
        for place, one in enumerate(graph.operators)
        for name in one.takes
        if name in graph.maker
    ]
    if not pairs:
        return
    pair = data.draw(st.sampled_from(pairs), label="fused")
    found = locate(graph, Simulated(graph, frozenset(pair)))
    assert found is not None
    assert (found.operators, found.confirmed) == (pair, Confirmed.TOGETHER)


@given(graph=simulated(), data=st.data())
def test_cuts_that_cannot_be_made_widen_what_is_crossed_and_hide_nothing(graph: Graph, data: st.DataObject) -> None:
    count = len(graph.operators)
    place = data.draw(st.integers(0, count - 1), label="faulty")
    unknown = data.draw(st.frozensets(st.integers(1, max(1, count - 1))), label="unknown") - {count}
    found = locate(graph, Simulated(graph, frozenset({place}), unknown=unknown))
    assert found is not None
    assert found.operators == (place,)


def test_nothing_is_named_where_nothing_is_wrong() -> None:
    chain = Graph(("x",), ("t1",), (CutOperator("Op", "", ("x",), ("t0",)), CutOperator("Op", "", ("t0",), ("t1",))))
    assert locate(chain, Simulated(chain, frozenset({7}))) is None


def test_lesser_fault_before_the_one_that_matters_is_passed_over() -> None:
    operators = [CutOperator("Op", "", (f"t{place - 1}" if place else "x",), (f"t{place}",)) for place in range(9)]
    chain = Graph(("x",), ("t8",), tuple(operators))
    found = locate(chain, Simulated(chain, frozenset({6}), lesser=frozenset({2})))
    assert found is not None
    assert (found.operators, found.lesser) == ((6,), (2,))


def test_front_is_all_that_passes_a_cut_and_constants_do_not() -> None:
    graph = Graph(
        ("x",),
        ("z",),
        (
            CutOperator("Fill", "", (), ("c",)),
            CutOperator("Relu", "", ("x",), ("a",)),
            CutOperator("Add", "", ("a", "c"), ("b",)),
            CutOperator("Mul", "", ("a", "b"), ("z",)),
        ),
    )
    assert [graph.front(count) for count in range(5)] == [(), (), ("a",), ("a", "b"), ("z",)]
    assert graph.part((2,)) == Part((0, 2), ("a",), ("b",))
    assert graph.up_to(("z",), 2) == Part((0, 2, 3), ("a",), ("z",))


def test_bisection_ends_at_a_change_from_good_to_bad_wherever_there_are_several() -> None:
    bad = {3, 4, 8, 9, 10}
    low, high = bisect(0, 10, lambda place: Finding.BAD if place in bad else Finding.GOOD)
    assert (low in bad, high in bad, high - low) == (False, True, 1)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, environments: Environments) -> Iterator[Bench]:
    content = discover(converters=[graphs.CONVERTERS])
    content.refuse_broken()
    assert environments.build_all({"onnx", "onnxruntime", "torch", "litert", "tvm_relay"}, print) == {}
    with Bench(content, environments, ArtifactCache(tmp_path_factory.mktemp("planted"))) as made:
        yield made


# Relay compiles every part anew, so its graph is short here; benchmarks/locate.py has the long ones.
@pytest.mark.parametrize(
    ("representation", "runtime", "operators", "seed"),
    [
        *(("onnx", "onnxruntime_cpu", 50, seed) for seed in (5, 6, 9)),
        *(("torchscript", "libtorch_cpu", 50, seed) for seed in (5, 6)),
        *(("tflite", "litert_xnnpack", 50, seed) for seed in (1, 6)),
        ("relay", "relay_llvm_o3", 5, 2),
    ],
)
def test_planted_operator_is_located(  # noqa: PLR0917 what is drawn
    representation: str, runtime: str, operators: int, seed: int, bench: Bench, tmp_path: Path
) -> None:
    tried = graphs.tried(graphs.drawn(seed, operators), representation, runtime, bench, tmp_path)
    assert tried.shown, f"the fault of graph {seed} does not show; choose another seed"
    assert tried.right, tried
    assert tried.located.confirmed is Confirmed.ALONE


def test_fault_of_fusing_two_operators_is_located_as_that(bench: Bench, tmp_path: Path) -> None:
    planted = replace(graphs.drawn(6), fault="fused")
    tried = graphs.tried(planted, "onnx", "onnxruntime_cpu", bench, tmp_path)
    assert tried.shown
    assert (tried.right, tried.located.confirmed) == (True, Confirmed.TOGETHER), tried


def test_cut_that_does_not_say_whether_it_has_float64_is_broken_and_said(tmp_path: Path) -> None:
    (tmp_path / "cuts").mkdir()
    text = (Path(__file__).parents[2] / "converters" / "cuts" / "tflite.py").read_text(encoding="utf-8")
    assert "    is_exact = False\n" in text
    text = text.replace("    is_exact = False\n", "").replace('representation = "tflite"', 'representation = "mine"')
    (tmp_path / "cuts" / "mine.py").write_text(text, encoding="utf-8")
    (broken,) = discover(converters=[tmp_path]).broken
    assert "mine.is_exact says whether `trusted` has float64" in broken.problem


def located(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(main, ["locate", *arguments], catch_exceptions=False)
    return ran.exit_code, ran.output


def test_command_names_the_operator_of_a_known_divergence_and_saves_it(
    environments: Environments, tmp_path: Path
) -> None:
    code, said = located(ELU, "--save", str(tmp_path / "saved"))
    assert code == 0
    assert "located: Elu 'node_Elu_4', operator 1 of 1 in the ONNX graph" in said
    assert "modules/activation.py" in said
    assert "confirmed: wrong by itself" in said
    assert {file.name for file in (tmp_path / "saved").iterdir()} == {
        "model.onnx", "inputs.npz", "got.npz", "expected.npz",
    }  # fmt: skip


def test_command_names_no_operator_where_the_exported_graph_is_another_function(environments: Environments) -> None:
    code, said = located(TRACED_OTHERWISE)
    assert code == 1
    assert "located" not in said
    assert "the exported graph itself is another function" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("79144245eb09", "expected CASE@PATH"),
        ("@torch>torch_eager", "expected CASE@PATH"),
        ("79144245eb09@torch>onnx_from_torch>onnxruntime_cp", "did you mean onnxruntime_cpu"),
        ("000000000000@torch>torch_eager", "000000000000"),
        ("79144245eb09@torch>torch_eager", "there is nothing to locate"),
    ],
)
def test_mistake_in_the_call_is_said_with_exit_code_2(text: str, said: str, environments: Environments) -> None:
    code, output = located(text)
    assert code == 2
    assert said in output.replace("\n", " ")


OWN = """
import sys
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

small = numpy_helper.from_array(np.float32(1e-8), "small")
nodes = [
    helper.make_node("Mul", ["x", "small"], ["shrunk"], name="shrink"),
    helper.make_node("Elu", ["shrunk"], ["active"], name="act"),
    helper.make_node("Div", ["active", "small"], ["y"], name="grow"),
]
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "xy"]
graph = helper.make_graph(nodes, "own", values[:1], values[1:], [small])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), sys.argv[1])
"""


def test_operator_of_a_model_of_the_users_own_is_located(
    environments: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    interpreter = environments.build("onnx").interpreter
    subprocess.run([interpreter, "-c", OWN, "own.onnx"], check=True, timeout=60)
    checked = CliRunner().invoke(main, ["check", "own.onnx", "--to", "onnxruntime_cpu", "--cases", "1"])
    assert checked.exit_code == 1, checked.output
    case = min((tmp_path / "nnparity-check" / "cases").glob("*.npz")).stem
    code, said = located(f"{case}@onnx>onnxruntime_cpu", "--target", "own.onnx")
    assert code == 0, said
    assert "located: Elu 'act', operator 2 of 3" in said
    code, said = located(f"{case}@onnx>onnxruntime_cpu")
    assert code == 2
    assert "--target" in said
