"""`nnparity reproduce` shows what is there, says what is not, and blames the step that it should."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnparity.by_hand import MODEL_OF, NOT_SHOWN_WORDS, by_hand_in
from nnparity.case_at import CaseAt, case_at
from nnparity.cases import save_case
from nnparity.code import parts_of
from nnparity.discovery import discover
from nnparity.errors import UserError
from nnparity.making import shortened, telling_words
from nnparity.oracle import Oracle
from nnparity.reproduce import Ended, Reproduction, reproduction, run_script

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

ROOT = Path(__file__).parents[2]
PATH = "toy>table_from_toy>table_cpu"
TABLE_FROM_TOY, TABLE_CPU = "converters/conversions/table_from_toy.py", "converters/runtimes/table_cpu.py"
BY_HAND = "converters/by_hand/toy.py"
HOSTILE = "\"\"\"\n# /// script\n'''; import os; os.abort()\n\\"
# The same fault in a component and in what is done by hand for it: a converter's, a runtime's, and errors of both.
FAULTS = {
    "conversion": (
        (TABLE_FROM_TOY, '{"factor": factor}', '{"factor": factor + 0.1}'),
        (BY_HAND, "factor=model.factor", 'factor=np.asarray(model.factor + 0.1, "float32")'),
    ),
    "runtime": (
        (TABLE_CPU, "np.multiply(self._factor", "np.multiply(2 * self._factor"),
        (BY_HAND, 'np.load(source / "table.npz")["factor"]', '2 * np.load(source / "table.npz")["factor"]'),
    ),
    "convert error": (
        (
            TABLE_FROM_TOY,
            "        factor =",
            '        raise KeyError("no table of this kind was found")\n        factor =',
        ),
        (BY_HAND, "    np.savez", '    raise KeyError("no table of this kind was found")\n    np.savez'),
    ),
    "run error": (
        (TABLE_CPU, "        return {", f"        raise ValueError({HOSTILE!r})\n        return {{"),
        (BY_HAND, "    return multiplied", f"    raise ValueError({HOSTILE!r})\n    return multiplied"),
    ),
    "crash": (
        (TABLE_CPU, "        return {", "        import os\n        os.abort()\n        return {"),
        (BY_HAND, "    return multiplied", "    import os\n    os.abort()\n    return multiplied"),
    ),
}


def written(world: World, path: str = PATH) -> tuple[Reproduction, Ended]:
    bench = world.bench()
    asked = CaseAt(world.cases(bench)[0], world.route(bench, path))
    made = reproduction(asked, bench, Oracle(bench), world.folder / "scripts", by_hand_in([world.converters]))
    return made, run_script(made, bench.environments)


@pytest.mark.parametrize("fault", FAULTS)
def test_script_shows_the_fault(world: World, fault: str) -> None:
    for edit in FAULTS[fault]:
        world.edit(*edit)
    made, ended = written(world)
    assert ended.code == 1, ended.said
    text = made.file.read_text(encoding="utf-8")
    assert text.count("\n") == made.lines <= 60
    assert "import nnparity" not in text
    assert "from nnparity" not in text
    assert "numpy==2.4.6" in text
    assert "hypothesis" not in text


@pytest.mark.parametrize("fault", FAULTS)
def test_script_of_a_mended_component_no_longer_shows_it(world: World, fault: str) -> None:
    world.edit(*FAULTS[fault][0])
    _, ended = written(world)
    assert ended.code == 0, ended.said


def test_script_begins_before_the_step_that_stopped(world: World) -> None:
    for edit in FAULTS["run error"]:
        world.edit(*edit)
    made, ended = written(world)
    assert ended.code == 1, ended.said
    assert (made.file.parent / "table_from_toy" / "table.npz").is_file()
    assert sorted(file.name for file in made.file.parent.iterdir()) == ["reproduce.py", "table_from_toy"]
    assert "def build_toy" not in made.file.read_text(encoding="utf-8")


def test_script_of_a_wrong_number_builds_the_model(world: World) -> None:
    for edit in FAULTS["runtime"]:
        world.edit(*edit)
    made, _ = written(world)
    assert "def build_toy" in made.file.read_text(encoding="utf-8")


def test_script_runs_elsewhere_by_what_lies_beside_it(world: World, tmp_path: Path) -> None:
    for edit in FAULTS["run error"]:
        world.edit(*edit)
    made, _ = written(world)
    moved = made.file.parent.rename(tmp_path / "elsewhere") / made.file.name
    world.edit(BY_HAND, "multiplied", "nobody_needs_this_any_more")
    ran = subprocess.run([sys.executable, moved], capture_output=True, text=True, check=False, cwd="/")
    assert ran.returncode == 1, ran.stderr


def test_what_is_not_done_by_hand_is_said(world: World) -> None:
    world.edit(*FAULTS["conversion"][0])
    world.edit(BY_HAND, "def table_cpu", "def another")
    with pytest.raises(Exception, match="write a function table_cpu there"):
        written(world)


def test_nothing_is_reproduced_of_what_matches(world: World) -> None:
    with pytest.raises(Exception, match="on this path it is MATCH"):
        written(world)


def call(command: Callable[..., Result], world: World, *arguments: str) -> Result:
    folders = ("--models", str(world.models), "--converters", str(world.converters))
    return command("reproduce", *arguments, *folders)


def test_command_writes_runs_and_says(command: Callable[..., Result], built_world: World) -> None:
    for edit in FAULTS["conversion"]:
        built_world.edit(*edit)
    case = built_world.cases(built_world.bench())[0]
    save_case(case, built_world.folder / "run" / "cases")
    asked = (f"{case.id}@{PATH}", "--results", str(built_world.folder / "run"), "--out", "made")
    shown = call(command, built_world, *asked)
    assert shown.exit_code == 0, shown.output
    assert "run here, it shows the divergence (exit code 1)" in shown.output
    assert f"made/toy_scale-{case.id}" in shown.output
    assert "run here" not in call(command, built_world, *asked, "--no-run").output
    built_world.edit(BY_HAND, " + 0.1", "")
    parts_of.cache_clear()  # a command of its own would not have read it yet
    not_shown = call(command, built_world, *asked)
    assert not_shown.exit_code == 1
    assert "it does not show it (exit code 0)" in not_shown.output


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("abc", "expected CASE@PATH"),
        ("@", "expected CASE@PATH"),
        (f"0123456789ab@{PATH}", "is no witness of a known divergence, and not in"),
        ("0123456789ab@toy>table_from_tyo>table_cpu", "did you mean table_from_toy"),
        ("0123456789ab@toy>table_cpu", "did you mean toy>table_from_toy>table_cpu"),
        ("0123456789ab@a>b", "there is no step 'a'; `nnparity list paths` shows all"),
    ],
)
def test_mistake_is_said_plainly(command: Callable[..., Result], built_world: World, asked: str, said: str) -> None:
    result = call(command, built_world, asked)
    assert result.exit_code == 2
    assert said in result.output


def test_case_of_another_layer_is_said(world: World, tmp_path: Path) -> None:
    bench = world.bench()
    case = world.cases(bench)[0]
    save_case(case, tmp_path / "cases")
    assert case_at(f"{case.id}@{PATH}", [tmp_path], bench.content).case.id == case.id
    with pytest.raises(UserError, match="there is no such layer"):
        case_at(f"{case.id}@torch>torch_eager", [tmp_path], discover())


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("RuntimeError: x", ("RuntimeError: x",)),
        ("KeyError: 0", ("KeyError: 0",)),
        ("RuntimeError: of code: MemoryError: bad alloc", ("RuntimeError", "MemoryError", "bad alloc")),
        (
            "Fail: [ONNXRuntimeError] : 1 : FAIL : Node (node_Reshape_5) failed",
            ("Node (node_Reshape_", "[ONNXRuntimeError]"),
        ),
        ("ValueError: cannot read /tmp/a/b.onnx at 0x7f1234 because of its version", ("because of its version",)),
        ("E: " + "a" * 200, ("a" * 80,)),
        ("InferenceError: (op_type:Conv, node name: Conv__481): W is wrong", ("(op_type:Conv, node name",)),
        (
            "E: The following ops: {<Op(op='a.b', overload='c')>, <Op(op='a.d')>} were not to be in forward.",
            ("were not to be in forward.",),
        ),
        (
            "Fail: the first thing that is wrong\nthe second thing that is wrong, of another",
            ("the second thing that is wrong, of another", "the first thing that is wrong"),
        ),
        (
            'Error: in graph (most recent call last):\n  File "/a/b.py", line 9, in run\n\nwhat it is that is wrong',
            ("in graph (most recent call last):", "what it is that is wrong"),
        ),
        (
            "TypeError: the types are bfloat16 != float16 (operator ''Mul'', shapes (2,), (1, 2)).",
            ("(operator ''Mul'', shapes",),
        ),
        (
            "TVMError: Traceback (most recent call last):\n  9: a_long_name_of_a_function\nCheck failed",
            ("Check failed",),
        ),
    ],
)
def test_words_to_look_for_are_what_does_not_change(detail: str, words: tuple[str, ...]) -> None:
    assert telling_words(detail) == words


@given(hnp.arrays(np.float64, (3,), elements=st.floats(width=32)), st.floats(1e-9, 1.0))
def test_expected_numbers_lose_no_more_than_they_may(numbers: np.ndarray, error: float) -> None:
    short = shortened(numbers, np.full(3, error))
    np.testing.assert_array_equal(np.isfinite(short), np.isfinite(numbers))
    np.testing.assert_array_equal(short[~np.isfinite(short)], numbers[~np.isfinite(numbers)])
    assert (np.abs(short - numbers)[np.isfinite(numbers)] <= error).all()
    assert all(len(repr(float(one))) <= len(repr(float(exact))) for one, exact in zip(short, numbers, strict=True))


def test_what_is_done_by_hand_asks_for_what_there_is() -> None:
    content, offered = discover(), {"model", "source", "target", "inputs", "example", "specs", "axes", "outputs"}
    for name, one in by_hand_in().functions.items():
        if name in content.components:
            assert set(one.takes) <= offered, f"{one.file.name}: {name}"
            assert ("target" in one.takes) == (name in content.conversions), f"{one.file.name}: {name}"


def test_all_that_is_done_by_hand_is_done_for_a_component() -> None:
    content = discover()
    known = {*content.components, *map(MODEL_OF.format, content.roots)}
    for file in sorted((ROOT / "converters" / "by_hand").glob("*.py")):
        parts = parts_of(file)
        used = {name for _, _, names in parts.values() for name in names}
        assert {name for name in parts if name not in used} <= {*known, NOT_SHOWN_WORDS}, (
            f"{file.name}: functions that nothing calls"
        )
