"""Whatever a layer or component does becomes an outcome, and leaves the checks after it as they would have been."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnparity import bench as bench_module
from nnparity.bench import Bench
from nnparity.cache import ArtifactCache
from nnparity.cases import load_case, save_case
from nnparity.check import check, check_all
from nnparity.describe import not_built
from nnparity.environments import Environments
from nnparity.layers import Case, rounded
from nnparity.oracle import Oracle
from nnparity.outcome import Failure, Outcome, Stage, Status, Verdict
from nnparity.run import witness_units
from nnparity.scratch import PREFIX

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

PATH = "toy>table_from_toy>table_cpu"
LAYER = "models/toy_scale.py"


@pytest.mark.parametrize(
    ("old", "new", "stage", "words"),
    [
        ('return {"factor": rng', 'return {"factor": no_such_name', Stage.BUILD, "NameError"),
        ('return {"factor": rng', 'return {"factor": np.array([None])} or {"factor": rng', Stage.BUILD, "ValueError"),
        ('"batch", *config["inner"])),)', '"depth", *config["inner"])),)', Stage.BUILD, "KeyError: 'depth'"),
        ("return Scale(", "return Scale(no_such_name", Stage.BUILD, "NameError"),
        ("return Scale(", "import no_such_module; return Scale(", Stage.BUILD, "ModuleNotFoundError"),
        ('return {"y": np', 'raise ValueError("axis 3"); return {"y": np', Stage.BUILD, "axis 3"),
        ('return {"y": np', 'return {"z": np', Stage.COMPARE, "ValueError"),
        ('inputs["x"])}', 'inputs["x"])[:1]}', Stage.COMPARE, "ValueError"),
    ],
)
def test_layer_that_raises_is_an_error_of_its_own(world: World, old: str, new: str, stage: Stage, words: str) -> None:
    world.add("models/bad.py", LAYER, ('name="toy_scale"', 'name="bad"'), (old, new))
    bench = world.bench()
    good = world.cases(bench)[0]
    bad = Case("bad", good.config, good.seed, good.inputs)
    outcome = world.check(bench, PATH, case=bad)
    assert (outcome.stage, outcome.status, outcome.verdict) == (stage, Status.ERROR, Verdict.FAIL), outcome.detail
    assert words in outcome.detail
    assert world.check(bench, PATH, case=good).verdict is Verdict.PASS


def test_full_disk_is_not_put_down_to_the_layer(world: World) -> None:
    world.edit(LAYER, 'return {"factor": rng', 'raise OSError(28, "full"); return {"factor": rng')
    with pytest.raises(OSError, match="full"):
        world.check(world.bench(), PATH)


def test_layer_that_is_not_written_in_the_root_is_unsupported(world: World) -> None:
    world.edit(LAYER, 'build={"toy": build_toy}', 'build={"torch": build_toy}')
    bench = world.bench()
    case = world.cases(bench)[0]
    with pytest.raises(Failure) as caught:
        bench.build(case, "toy")
    assert (caught.value.stage, caught.value.status) == (Stage.BUILD, Status.UNSUPPORTED)


@pytest.mark.parametrize(
    ("file", "old", "new", "stage", "component"),
    [
        ("runtimes/table_cpu.py", "return TableSession(", "return no_such_name(", Stage.LOAD, "table_cpu"),
        ("runtimes/table_cpu.py", 'return {"y"', "return {no_such_name", Stage.RUN, "table_cpu"),
        ("runtimes/toy_eager.py", "return EagerSession(", "return no_such_name(", Stage.LOAD, "toy_eager"),
        ("conversions/table_from_toy.py", "return artifact", "return no_such_name", Stage.CONVERT, "table_from_toy"),
        ("representations/table.py", "np.savez(", "no_such_name(", Stage.CONVERT, "table_from_toy"),
        ("representations/table.py", "with np.load(", "with no_such_name(", Stage.LOAD, "table_cpu"),
    ],
)
def test_error_is_told_with_its_stage_and_component(
    world: World, *, file: str, old: str, new: str, stage: Stage, component: str
) -> None:
    world.edit(f"converters/{file}", old, new)
    outcome = world.check(world.bench(in_process=True), PATH)
    assert (outcome.stage, outcome.status, outcome.component) == (stage, Status.ERROR, component)
    assert "no_such_name" in outcome.detail


def test_path_is_judged_by_the_reference_alone_where_the_eager_root_fails_to_run(world: World) -> None:
    world.edit("converters/runtimes/toy_eager.py", "(results,)", "(no_such_name,)")
    bench = world.bench(in_process=True)
    assert world.check(bench, PATH).verdict is Verdict.PASS
    outcome = world.check(bench, "toy>toy_eager")
    assert (outcome.verdict, outcome.stage, outcome.component) == (Verdict.FAIL, Stage.RUN, "toy_eager")


def test_path_that_is_wrong_fails_where_the_eager_root_fails_to_run(world: World) -> None:
    world.edit("converters/runtimes/toy_eager.py", "(results,)", "(no_such_name,)")
    world.edit("converters/runtimes/table_cpu.py", 'inputs["x"])}', 'inputs["x"] * np.float32(1.001))}')
    outcome = world.check(world.bench(in_process=True), PATH)
    assert (outcome.verdict, outcome.stage, outcome.component) == (Verdict.FAIL, Stage.COMPARE, "")


def test_crash_of_one_case_is_not_the_next_ones(world: World) -> None:
    world.edit("converters/runtimes/table_cpu.py", 'return {"y"', 'inputs["x"].size == 6 and os.abort(); return {"y"')
    world.edit("converters/runtimes/table_cpu.py", "import annotations\n", "import annotations\nimport os\n")
    bench = world.bench()
    case = world.cases(bench)[0]
    small = Case(case.layer, {**case.config, "batch": 1}, case.seed, {"x": case.inputs["x"][:1]})
    seen = [world.check(bench, PATH, case=one) for one in (small, case, small, case, small)]
    crash = (Stage.RUN, Status.CRASH)
    match = (Stage.COMPARE, Status.MATCH)
    assert [(one.stage, one.status) for one in seen] == [match, crash, match, crash, match]


def test_crash_of_one_of_many_is_its_own(world: World) -> None:
    world.edit("converters/runtimes/table_cpu.py", 'return {"y"', 'inputs["x"][0, 0] == 7 and os.abort(); return {"y"')
    world.edit("converters/runtimes/table_cpu.py", "import annotations\n", "import annotations\nimport os\n")
    bench = world.bench()
    case = world.cases(bench)[0]
    cases = [Case(case.layer, case.config, 0, {"x": np.full((2, 3), number, np.float32)}) for number in range(3, 12)]
    outcomes = dict(check_all(cases, world.route(bench, PATH), bench, Oracle(bench)))
    assert list(outcomes) == cases
    for number, outcome in enumerate(outcomes.values(), start=3):
        assert outcome.status is (Status.CRASH if number == 7 else Status.MATCH)


@pytest.mark.parametrize("path", ["toy>toy_eager", PATH])
@pytest.mark.parametrize("wrong", [False, True])
def test_cases_that_share_calls_come_out_as_each_alone(world: World, path: str, wrong: bool) -> None:
    if wrong and path == PATH:
        world.edit("converters/runtimes/table_cpu.py", 'inputs["x"])}', 'inputs["x"] * np.float32(1.001))}')
    elif wrong:
        world.edit(LAYER, "return Scale(", "return Scale(1.001 * ")
    bench = world.bench(in_process=True)
    case = world.cases(bench)[0]
    cases = [Case(case.layer, case.config, 0, {"x": np.full((2, 3), number, np.float32)}) for number in range(1, 20)]
    route = world.route(bench, path)
    together = [told(outcome) for _, outcome in check_all(cases, route, bench, Oracle(bench))]
    assert together == [told(check(case, route, bench, Oracle(bench))) for case in cases]
    assert {one["verdict"] for one in together} == {"FAIL" if wrong else "PASS"}


def told(outcome: Outcome) -> dict[str, Any]:
    """Return all that an outcome says but for times."""
    said = outcome.to_json()
    return {name: value for name, value in said.items() if name not in {"seconds", "run_microseconds"}}


@pytest.mark.parametrize(("scale", "verdict"), [("1.0", Verdict.FAIL), ("1e9", Verdict.PASS)])
def test_scale_of_a_layer_counts_on_every_path(world: World, scale: str, verdict: Verdict) -> None:
    world.edit(
        "converters/conversions/table_from_toy.py", '{"factor": factor}', '{"factor": factor + np.float32(1e-3)}'
    )
    world.edit(
        "converters/conversions/table_from_toy.py", "import annotations\n", "import annotations\nimport numpy as np\n"
    )
    change = f"    scale=lambda config, weights, inputs: {{'y': np.full(inputs['x'].shape, {scale})}},\n    build={{"
    world.edit(LAYER, "    build={", change)
    assert world.check(world.bench(in_process=True), PATH).verdict is verdict


def test_order_in_which_inputs_are_named_changes_nothing(world: World) -> None:
    world.edit(
        LAYER,
        'TensorSpec("x", config["dtype"], ("batch", *config["inner"])),)',
        'TensorSpec("x", config["dtype"], ("batch", *config["inner"])), TensorSpec("z", config["dtype"], ("batch",)))',
    )
    world.edit(LAYER, "def __call__(self, x: np.ndarray)", "def __call__(self, x: np.ndarray, z: np.ndarray)")
    world.edit(LAYER, "return st.named(", "return st.named(z=st.tensors(shape[:1], 'float32'), ")
    bench = world.bench(in_process=True)
    case = world.cases(bench)[0]
    backwards = Case(
        case.layer, case.config, case.seed, {name: case.inputs[name] for name in reversed(list(case.inputs))}
    )
    assert list(backwards.inputs) != list(case.inputs)
    route = world.route(bench, PATH)
    here, there = (told(check(one, route, bench, Oracle(bench))) for one in (case, backwards))
    assert here == there
    assert here["verdict"] == "PASS"


@pytest.mark.parametrize("name", ["file", "allow_pickle", "args", "self", "inputs", "config"])
def test_weight_and_input_may_have_any_name(world: World, name: str) -> None:
    for old in ('{"factor": rng', 'weights["factor"], inputs', 'return Scale(weights["factor"]'):
        world.edit(LAYER, old, old.replace('"factor"', f'"{name}"'))
    for old in ('TensorSpec("x"', 'inputs["x"]', "st.named(x="):
        world.edit(LAYER, old, old.replace('"x"', f'"{name}"').replace("(x=", f"({name}="))
    world.edit("converters/runtimes/table_cpu.py", 'inputs["x"]', f'inputs["{name}"]')
    bench = world.bench()
    case = world.cases(bench)[0]
    assert list(case.inputs) == [name]
    assert world.check(bench, PATH, case=case).verdict is Verdict.PASS
    kept = load_case(save_case(case, world.folder))
    assert kept.digest == case.digest


def test_runtime_that_dies_of_being_unloaded_costs_no_outcome(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "SESSIONS_KEPT", 1)
    world.edit("converters/runtimes/table_cpu.py", "import annotations\n", "import annotations\nimport os\n")
    world.edit(
        "converters/runtimes/table_cpu.py",
        "    def run(",
        "    def __del__(self) -> None:\n        os.abort()\n\n    def run(",
    )
    bench = world.bench()
    cases = [Case(one.layer, one.config, seed, one.inputs) for seed, one in enumerate(world.cases(bench))]
    assert {world.check(bench, PATH, case=case).status for case in cases} == {Status.MATCH}


def test_same_session_serves_many_cases(world: World) -> None:
    log = world.folder / "loads"
    world.edit(
        "converters/runtimes/table_cpu.py",
        "return TableSession(",
        f"open({str(log)!r}, 'a').write('.')\n        return TableSession(",
    )
    bench = world.bench()
    for case in world.cases(bench):
        assert world.check(bench, PATH, case=case).status is Status.MATCH
    assert log.read_text() == "."


def environments(world: World) -> Environments:
    return Environments(world.content().environments, world.cache)


@pytest.mark.parametrize("tried", [False, True])
def test_environment_that_is_missing_is_not_run_with_the_reason(world: World, tried: bool) -> None:
    world.edit("converters/environments/toy.py", "sys.version_info.major", "9 + sys.version_info.major")
    content, missing = world.content(), environments(world)
    if tried:
        failed = missing.build_all(["toy"], lambda line: None)
        assert "uv venv" in failed["toy"]
    with Bench(content, missing, ArtifactCache(world.cache)) as bench:
        for _ in range(2):
            outcome = world.check(bench, PATH)
            assert (outcome.status, outcome.verdict) == (Status.NOT_RUN, Verdict.NOT_RUN)
            assert ("uv venv" if tried else "is not built") in outcome.detail
            assert "nnparity setup toy" in outcome.detail
        assert (bench.tally.made, bench.tally.cached) == (0, 0)


def test_environment_whose_interpreter_was_removed_is_not_there(built_world: World) -> None:
    built = environments(built_world).installed("toy")
    assert built is not None
    copy = built_world.folder / "cache2" / "environments" / built.folder.name
    copy.mkdir(parents=True)
    (copy / "ready.json").write_bytes((built.folder / "ready.json").read_bytes())
    (copy / "bin").mkdir()
    os.symlink(copy / "removed", copy / "bin" / "python")
    assert Environments(built_world.content().environments, built_world.folder / "cache2").installed("toy") is None


KNOWN = """
import numpy as np
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case, rounded
from nnparity.outcome import Stage, Status
witness = Case("toy_scale", {"batch": 1, "dtype": "float32", "inner": [1]}, 0, {"x": np.ones((1, 1), "f4")})
KNOWN = [
    KnownDivergence(
        "toy_eager", layer="toy_scale", stage=Stage.COMPARE, status=Status.MISMATCH, fix=Fix.HERE,
        reason="doubles", link="none found: made up", versions=("numpy>=2",), witness=witness,
    )
]
"""


@pytest.mark.parametrize("component", ["toy", "toy_eager"])
@pytest.mark.parametrize(("versions", "verdict"), [("numpy>=2", Verdict.XFAIL), ("numpy<2", Verdict.FAIL)])
def test_known_divergence_of_a_root_or_its_runtime_holds_for_the_versions_that_are_installed(
    built_world: World, component: str, versions: str, verdict: Verdict
) -> None:
    (built_world.converters / "known").mkdir()
    text = KNOWN.replace('"toy_eager"', f'"{component}"').replace("numpy>=2", versions)
    (built_world.converters / "known" / "toy.py").write_text(text, encoding="utf-8")
    built_world.edit("converters/runtimes/toy_eager.py", "(results,)", "(2 * results,)")
    content, cache = built_world.content(), ArtifactCache(built_world.cache)
    with Bench(content, environments(built_world), cache) as bench:
        assert built_world.check(bench, "toy>toy_eager").verdict is verdict
        witnesses = list(witness_units(content.known, [built_world.route(bench, "toy>toy_eager")], bench))
    assert len(witnesses) == (verdict is Verdict.XFAIL)


def test_bench_that_is_closed_starts_no_worker(world: World) -> None:
    bench = world.bench()
    case = world.cases(bench)[0]
    assert world.check(bench, PATH).status is Status.MATCH
    bench.close()
    outcome = world.check(bench, PATH, case=Case(case.layer, case.config, 77, case.inputs))
    assert outcome.status is Status.NOT_RUN


def test_closing_ends_a_conversion_that_takes_long_and_keeps_nothing_of_it(world: World) -> None:
    world.edit("converters/conversions/table_from_toy.py", "factor = ", "import time; time.sleep(60); factor = ")
    bench = world.bench()
    world.check(bench, "toy>toy_eager")
    thread = threading.Thread(target=world.check, args=(bench, PATH))
    thread.start()
    time.sleep(0.5)
    started = time.monotonic()
    bench.close()
    thread.join(timeout=20)
    assert time.monotonic() - started < 10
    folders = [path for path in (world.cache / "artifacts").glob("??/*") if (path / "failure.json").exists()]
    assert folders == []
    assert list(Path(world.cache / "artifacts").glob(f"{PREFIX}*/*")) == []


def test_case_on_a_path_names_how_to_repeat_it(world: World) -> None:
    world.edit("converters/conversions/table_from_toy.py", '{"factor": factor}', '{"factor": factor + 1}')
    bench = world.bench(in_process=True)
    outcome = world.check(bench, PATH)
    assert outcome.reproduce == f"nnparity run --case {outcome.case} --path '{PATH}'"


def test_dtype_that_an_environment_lacks_is_unsupported_and_says_what_to_add(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = world.bench()
    case = next(one for one in world.cases(bench) if not one.open_axes)
    narrow = Case(case.layer, {**case.config, "dtype": "bfloat16"}, case.seed, rounded(case.inputs, "bfloat16"))
    assert world.check(bench, PATH, case=narrow).status is Status.MATCH
    whole = bench.environments.installed("toy")
    assert whole is not None
    versions = {name: version for name, version in whole.versions.items() if name != "ml-dtypes"}
    monkeypatch.setattr(bench.environments, "installed", lambda name: replace(whole, versions=versions))
    assert world.check(bench, PATH, case=case).status is Status.MATCH
    outcome = world.check(bench, PATH, case=narrow)
    assert (outcome.status, outcome.stage, outcome.verdict) == (Status.UNSUPPORTED, Stage.BUILD, Verdict.UNSUPPORTED)
    assert "environment toy has no ml-dtypes" in outcome.detail


def test_component_that_needs_what_is_not_here_is_not_run_and_says_what_to_supply(world: World) -> None:
    method = (
        '    def missing(self):\n        return "" if (HERE / "there").exists() else "set TABLE_HOME to its folder"\n\n'
    )
    world.edit("converters/runtimes/table_cpu.py", "    def load", f"{method}    def load")
    world.edit("converters/runtimes/table_cpu.py", "class Table", "HERE = Path(__file__).parent\n\n\nclass Table")
    world.edit("converters/runtimes/table_cpu.py", "import numpy", "from pathlib import Path\nimport numpy")
    bench = world.bench()
    outcome = world.check(bench, PATH)
    assert (outcome.stage, outcome.verdict, outcome.component) == (Stage.LOAD, Verdict.NOT_RUN, "table_cpu")
    assert outcome.detail == "set TABLE_HOME to its folder"
    assert not_built(bench.content, bench.environments)["table_cpu"] == outcome.detail
    assert "table_from_toy" in outcome.op_counts
    (world.converters / "runtimes" / "there").touch()
    assert world.check(bench, PATH).verdict is Verdict.PASS


def test_component_that_cannot_say_what_it_needs_is_not_run(world: World) -> None:
    world.edit(
        "converters/runtimes/table_cpu.py",
        "    def load",
        "    def missing(self):\n        return 1 / 0\n\n    def load",
    )
    outcome = world.check(world.bench(), PATH)
    assert outcome.verdict is Verdict.NOT_RUN
    assert "ZeroDivisionError" in outcome.detail


def test_component_that_finds_nothing_to_run_on_is_not_run_and_is_asked_again(world: World) -> None:
    file = "converters/conversions/table_from_toy.py"
    world.edit(file, "import Artifact", "import Artifact, NotHere")
    world.edit(
        file,
        "        factor =",
        '        if not (SUPPORT / "gpu").exists():\n            raise NotHere("no GPU")\n        factor =',
    )
    bench = world.bench()
    outcome = world.check(bench, PATH)
    assert (outcome.stage, outcome.verdict, outcome.detail) == (Stage.CONVERT, Verdict.NOT_RUN, "no GPU")
    (world.converters / "support" / "gpu").touch()
    assert world.check(bench, PATH).verdict is Verdict.PASS


def test_memory_is_recorded_for_every_step_and_is_its_own(world: World) -> None:
    hungry = "import time\n        np.ones(2**26); time.sleep(0.01)\n        "
    world.edit(
        "converters/conversions/table_from_toy.py",
        "from nnparity.contracts",
        "import numpy as np\nfrom nnparity.contracts",
    )
    world.edit("converters/conversions/table_from_toy.py", "        factor =", f"        {hungry}factor =")
    outcome = world.check(world.bench(), PATH)
    assert list(outcome.megabytes) == ["toy", "table_from_toy", "table_cpu"]
    assert outcome.megabytes["table_from_toy"] > 512 > outcome.megabytes["table_cpu"] > 0
    assert Outcome.from_json(outcome.to_json()).megabytes == outcome.megabytes


def test_what_was_made_with_another_supply_is_made_again(world: World) -> None:
    file = "converters/conversions/table_from_toy.py"
    world.edit(file, "    def convert", "    def supplied(self):\n        return SUPPLY.read_text()\n\n    def convert")
    world.edit(file, "\n\nclass", '\nSUPPLY = SUPPORT / "supply"\n\n\nclass')
    supply = world.converters / "support" / "supply"
    assert world.check(world.bench(), PATH).verdict is Verdict.PASS
    made = []
    for version in ("1", "2", "1"):
        supply.write_text(version, encoding="utf-8")
        bench = world.bench()
        assert world.check(bench, PATH).verdict is Verdict.PASS
        made.append(bench.tally.made)
    assert made[0] == made[1] > made[2] == 0
