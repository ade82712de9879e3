"""Nothing is made twice, nothing old is taken for new, and what is half made is never seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity.bench import Limits
from nnparity.cache import LASTING, ArtifactCache, Made, digest
from nnparity.errors import UserError
from nnparity.layers import Case
from nnparity.outcome import Failure, Outcome, Stage, Status
from nnparity.scratch import PREFIX
from nnparity.worker import ARTIFACT

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

OPTIMISED = "toy>table_from_toy>table_tidied>table_cpu"
RECORD = {"representation": "table", "operators": {"Mul": 1}, "seconds": 0.5, "inputs": [], "outputs": [], "sizes": {}}
CONVERTER = "converters/conversions/table_from_toy.py"


def made_by(
    world: World, path: str = OPTIMISED, *, case: Case | None = None, in_process: bool = True
) -> tuple[int, Outcome]:
    """Return how many artifacts one check makes on a bench of its own, as in a run of its own."""
    bench = world.bench(in_process=in_process)
    outcome = world.check(bench, path, case=case)
    bench.close()
    return bench.tally.made, outcome


def test_second_run_makes_nothing(world: World) -> None:
    first, second = made_by(world), made_by(world)
    assert first[0] == 3
    assert second[0] == 0
    assert (first[1].stage, first[1].status, first[1].op_counts) == (
        second[1].stage,
        second[1].status,
        second[1].op_counts,
    )


def test_other_inputs_make_nothing(world: World) -> None:
    bench = world.bench()
    for case in world.cases(bench):
        world.check(bench, OPTIMISED, case=case)
    assert bench.tally.made == 3


@pytest.mark.parametrize(
    ("file", "old", "new", "made"),
    [
        ("models/toy_scale.py", "finds", "finds", 0),
        ("models/toy_scale.py", "return Scale(", "return  Scale(", 3),
        ("converters/representations/toy.py", "one", "one", 0),
        ("converters/representations/toy.py", '{"scale": 1}', '{"scale": 2}', 3),
        ("converters/representations/table.py", '{"Mul": 1}', '{"Mul": 2}', 2),
        ("converters/support/toy_factor.py", "return np.array(", "return  np.array(", 2),
        ("converters/conversions/table_from_toy.py", "return artifact", "return  artifact", 2),
        ("converters/conversions/table_tidied.py", "return artifact", "return  artifact", 1),
        ("converters/runtimes/table_cpu.py", "return ", "return  ", 0),
        ("converters/environments/toy.py", "sortedcontainers==2.4.0", "sortedcontainers==2.3.0", 3),
    ],
)  # fmt: skip
def test_only_what_depends_on_a_changed_file_is_made_again(
    world: World, file: str, old: str, new: str, made: int
) -> None:
    made_by(world)
    if old != new:
        world.edit(file, old, new)
    assert made_by(world)[0] == made


@pytest.mark.parametrize(("looks", "made"), [(True, 2), (False, 0)])
def test_new_custom_operator_makes_again_what_looks_for_them(world: World, looks: bool, made: int) -> None:
    if looks:  # through another file
        world.edit("converters/support/toy_factor.py", "import numpy", 'FOLDER = "custom_operators"\nimport numpy')
    made_by(world)
    operators = world.converters / "custom_operators"
    operators.mkdir()
    (operators / "another.py").write_text("OPERATOR = None\n", encoding="utf-8")
    assert made_by(world)[0] == made


def test_each_part_of_the_model_makes_another_artifact(world: World) -> None:
    case = world.cases(world.bench(in_process=True))[0]
    made_by(world, case=case)
    batch = {**case.config, "batch": 3}
    for other in (
        Case(case.layer, batch, case.seed, case.inputs),
        Case(case.layer, case.config, case.seed + 1, case.inputs),
        Case(case.layer, case.config, case.seed, case.inputs, open_axes=("batch",)),
    ):
        assert made_by(world, case=other)[0] >= 3
    assert made_by(world, case=case)[0] == 0


def test_changed_component_gets_a_new_verdict(world: World) -> None:
    assert made_by(world, in_process=False)[1].status is Status.MATCH
    world.edit(CONVERTER, '{"factor": factor}', '{"factor": factor + 1}')
    assert made_by(world, in_process=False)[1].status is Status.MISMATCH
    world.edit(CONVERTER, '{"factor": factor + 1}', '{"factor": factor}')
    made, outcome = made_by(world, in_process=False)
    assert (made, outcome.status) == (0, Status.MATCH)


@pytest.mark.parametrize("text", ["", "raise ValueError", None])
def test_nothing_is_kept_that_is_made_of_a_file_changed_since_its_digest_was_taken(
    world: World, text: str | None
) -> None:
    file, bench = world.folder / CONVERTER, world.bench()
    case = world.cases(bench)[0]
    world.check(bench, OPTIMISED, case=case)
    before = file.read_text(encoding="utf-8")
    file.unlink() if text is None else file.write_text(text, encoding="utf-8")
    other = Case(case.layer, case.config, case.seed + 1, case.inputs)
    with pytest.raises(UserError, match=r"table_from_toy\.py was changed while nnparity runs"):
        world.check(bench, OPTIMISED, case=other)
    file.write_text(before, encoding="utf-8")
    made, outcome = made_by(world, case=other)
    assert (made, outcome.status) == (3, Status.MATCH)


def test_outcome_does_not_depend_on_whether_the_artifact_was_in_the_cache(world: World) -> None:
    world.edit("converters/representations/table.py", 'factor=model["factor"]', 'factor=model["factor"] + 1')
    first, second = made_by(world), made_by(world)
    assert (first[1].status, second[1].status) == (Status.MISMATCH, Status.MISMATCH)
    assert first[1].max_abs == second[1].max_abs


def test_layer_file_in_another_place_is_built_from_that_place(world: World) -> None:
    made_by(world)
    moved = world.folder / "moved"
    world.models.rename(moved)
    world.models.mkdir()
    (moved / "toy_scale.py").rename(world.models / "scale_of_toys.py")
    made, outcome = made_by(world)
    assert (made, outcome.status) == (1, Status.MATCH)  # what is made from the root is the same


@pytest.mark.parametrize(
    ("body", "status", "kept"),
    [
        ("raise ValueError('no')", Status.ERROR, True),
        ("raise Unsupported('no')", Status.UNSUPPORTED, True),
        ("os.abort()", Status.CRASH, True),
        ("raise MemoryError", Status.OUT_OF_MEMORY, False),
        ("time.sleep(60)", Status.TIMEOUT, False),
    ],
)
def test_failures_that_would_come_again_are_kept(world: World, body: str, status: Status, kept: bool) -> None:
    world.edit(
        CONVERTER,
        "import annotations\n",
        "import annotations\nimport os, time\nfrom nnparity.contracts import Unsupported\n",
    )
    world.edit(CONVERTER, "factor = ", f"{body}; factor = ")
    outcomes = []
    made_by(world, "toy>toy_eager", in_process=False)
    for made in (1, 0 if kept else 1):
        bench = world.bench(limits=Limits(convert_seconds=2 if status is Status.TIMEOUT else 60))
        outcomes.append(world.check(bench, OPTIMISED))
        bench.close()
        assert bench.tally.made == made
    assert [(one.stage, one.status, one.component) for one in outcomes] == [
        (Stage.CONVERT, status, "table_from_toy")
    ] * 2
    assert outcomes[0].detail == outcomes[1].detail
    assert scratch_folders(world.cache) == []


def scratch_folders(cache: Path) -> list[Path]:
    return list((cache / "artifacts").glob(f"{PREFIX}*/*"))


def finished(cache: ArtifactCache) -> Path:
    scratch = cache.scratch()
    (scratch / ARTIFACT).write_text(json.dumps(RECORD), encoding="utf-8")
    (scratch / "model").write_bytes(b"the model")
    return scratch


@settings(max_examples=30)
@given(status=st.sampled_from(list(Status)), stage=st.sampled_from(list(Stage)), detail=st.text(), key=st.integers())
def test_failure_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, status: Status, stage: Stage, detail: str, key: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    ArtifactCache(folder).fail(digest(str(key)), Failure(stage, status, detail, component="c"))
    found = ArtifactCache(folder).get(digest(str(key)))
    if status in LASTING:
        assert isinstance(found, Failure)
        assert (found.stage, found.status, found.detail, found.component) == (stage, status, detail, "c")
    else:
        assert found is None


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path)
    made = cache.keep(digest("key"), finished(cache))
    for found in (cache.get(digest("key")), ArtifactCache(tmp_path).get(digest("key"))):
        assert isinstance(found, Made)
        assert (made.fresh, found.fresh) == (True, False)
        assert (found.representation, found.operators, found.seconds) == ("table", {"Mul": 1}, 0.5)
        assert (found.folder / "model").read_bytes() == b"the model"


def test_half_made_artifact_is_never_seen(world: World) -> None:
    world.edit("converters/representations/table.py", 'factor=model["factor"])', 'factor=model["factor"]); os.abort()')
    world.edit("converters/representations/table.py", "import annotations\n", "import annotations\nimport os\n")
    for _ in range(2):
        assert made_by(world, in_process=False)[1].status is Status.CRASH
    records = [json.loads(file.read_text()) for file in (world.cache / "artifacts").glob(f"*/*/{ARTIFACT}")]
    assert {record["representation"] for record in records} == {"toy"}


@pytest.mark.parametrize("damage", [None, b"", b"{", b"[]", b'{"representation": "table"}', b"\xff"])
def test_damaged_artifact_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    cache = ArtifactCache(tmp_path)
    file = cache.keep(digest("key"), finished(cache)).folder / ARTIFACT
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    later = ArtifactCache(tmp_path)
    assert later.get(digest("key")) is None
    assert later.keep(digest("key"), finished(later)).operators == {"Mul": 1}
    assert isinstance(ArtifactCache(tmp_path).get(digest("key")), Made)


def test_two_processes_may_make_the_same_artifacts(tmp_path: Path) -> None:
    script = f"""
import json, sys
from pathlib import Path
from nnparity.cache import ArtifactCache, Made, digest
cache = ArtifactCache(Path({str(tmp_path)!r}))
sys.stdin.readline()
for number in range(100):
    scratch = cache.scratch()
    (scratch / "artifact.json").write_text(json.dumps({RECORD!r}))
    (scratch / "model").write_text(str(number))
    made = cache.keep(digest(str(number)), scratch)
    assert isinstance(made, Made) and (made.folder / "model").read_text() == str(number)
"""
    root = Path(__file__).parents[2]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=root, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for one in both:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in both:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said
    assert len(list((tmp_path / "artifacts").glob("??/*"))) == 100
    assert scratch_folders(tmp_path) == []


OWNER = """
import sys
from pathlib import Path
from nnparity.cache import ArtifactCache, Made, digest
cache = ArtifactCache(Path(sys.argv[1]))
scratch = cache.scratch()
(scratch / "artifact.json").write_text(sys.argv[2])
print(scratch, flush=True)
if sys.stdin.readline():
    assert isinstance(cache.keep(digest("its"), scratch), Made)
    cache.scratch()
"""


def owner_of(cache: Path) -> tuple[subprocess.Popen[str], Path]:
    """Return a process that is making an artifact, and the folder that it makes it in."""
    command = [sys.executable, "-c", OWNER, str(cache), json.dumps(RECORD)]
    pipes = subprocess.PIPE
    owner = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdin=pipes, stdout=pipes, text=True)
    assert owner.stdout
    return owner, Path(owner.stdout.readline().strip())


def test_what_a_killed_process_was_making_is_gone_when_the_cache_is_next_opened(tmp_path: Path) -> None:
    owner, scratch = owner_of(tmp_path)
    with owner:
        owner.kill()
    assert scratch.exists()
    ArtifactCache(tmp_path)
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_what_a_living_process_is_making_stays(tmp_path: Path) -> None:
    owner, scratch = owner_of(tmp_path)
    with owner:
        for _ in range(3):
            ArtifactCache(tmp_path).scratch()
            assert (scratch / ARTIFACT).exists()
        owner.communicate("go on\n", timeout=60)
    assert owner.returncode == 0
    assert isinstance(ArtifactCache(tmp_path).get(digest("its")), Made)


def test_process_that_ends_by_itself_leaves_nothing_half_made(tmp_path: Path) -> None:
    owner, scratch = owner_of(tmp_path)
    with owner:
        owner.communicate("go on\n", timeout=60)
    assert not scratch.parent.exists()
    assert [one.name for one in (tmp_path / "artifacts").iterdir()] == [digest("its")[:2]]


def test_child_by_fork_leaves_its_parents_folders_alone(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from nnparity.cache import ArtifactCache
cache = ArtifactCache(Path({str(tmp_path)!r}))
scratch = cache.scratch()
child = os.fork()
if child == 0:
    del cache
    os._exit(0)
os.waitpid(child, 0)
assert scratch.exists()
"""
    subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=True)


def test_cache_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path)
    (tmp_path / "artifacts").rmdir()
    (tmp_path / "artifacts").write_text("a file in the folder's place")
    with pytest.raises(UserError, match="NNPARITY_CACHE"):
        cache.scratch()


@given(st.lists(st.one_of(st.text(), st.binary()), max_size=4), st.lists(st.one_of(st.text(), st.binary()), max_size=4))
@settings(max_examples=200)
def test_digest_keeps_parts_apart(one: list[str | bytes], other: list[str | bytes]) -> None:
    def plain(parts: list[str | bytes]) -> list[bytes]:
        return [part.encode() if isinstance(part, str) else part for part in parts]

    assert (digest(*one) == digest(*other)) is (plain(one) == plain(other))
    assert digest(*one) == digest(*plain(one))
    if one:
        joined = b"".join(plain(one))
        assert (digest(joined) == digest(*one)) is (len(one) == 1)
