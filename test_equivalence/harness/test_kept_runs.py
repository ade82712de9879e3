"""What a root gave is measured once, for as long as nothing that decides it changes; what is checked always runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnparity.check import check
from nnparity.kept_runs import KeptRuns
from nnparity.layers import Case
from nnparity.oracle import Oracle
from nnparity.outcome import Status

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

PATH = "toy>table_from_toy>table_cpu"
EAGER = "converters/runtimes/toy_eager.py"
CHECKED = "converters/runtimes/table_cpu.py"


@pytest.fixture
def counting(world: World, tmp_path: Path) -> World:
    for file, opening in ((EAGER, "        results: Any"), (CHECKED, '        return {"y"')):
        log = tmp_path / Path(file).stem
        world.edit(file, opening, f"        open({str(log)!r}, 'a').write('.')\n{opening}")
    return world


def times_run(tmp_path: Path) -> tuple[int, int]:
    """Return how often the eager root and the runtime that is checked ran since this was asked last."""
    logs = [tmp_path / Path(file).stem for file in (EAGER, CHECKED)]
    root, runtime = (len(log.read_text(encoding="utf-8")) if log.exists() else 0 for log in logs)
    for log in logs:
        log.unlink(missing_ok=True)
    return root, runtime


def status_of(world: World, case: Case) -> Status:
    with world.bench() as bench:
        return check(case, world.route(bench, PATH), bench, Oracle(bench)).status


def one_case(world: World) -> Case:
    with world.bench() as bench:
        return world.cases(bench)[0]


def test_root_is_measured_once_and_the_runtime_runs_each_time(counting: World, tmp_path: Path) -> None:
    case = one_case(counting)
    assert status_of(counting, case) is Status.MATCH
    root, runtime = times_run(tmp_path)
    assert root > 1
    assert runtime == 1
    assert status_of(counting, case) is Status.MATCH
    assert times_run(tmp_path) == (0, 1)


def test_other_inputs_are_measured_anew(counting: World, tmp_path: Path) -> None:
    case = one_case(counting)
    status_of(counting, case)
    times_run(tmp_path)
    status_of(counting, replace(case, inputs={"x": case.inputs["x"] + np.float32(1)}))
    assert times_run(tmp_path)[0] > 1


def test_root_that_changed_is_measured_anew(counting: World, tmp_path: Path) -> None:
    case = one_case(counting)
    status_of(counting, case)
    times_run(tmp_path)
    counting.edit(EAGER, '"""The toy framework', '"""A newer toy framework')
    status_of(counting, case)
    assert times_run(tmp_path)[0] > 1


def test_outputs_come_back_as_they_were(tmp_path: Path) -> None:
    outputs: list[dict[str, np.ndarray]] = [
        {"y": np.array([[1.5, np.nan]], np.float16), "none": np.zeros((0, 2), np.int64)},
        {"y": np.array(True)},
    ]
    KeptRuns(tmp_path).keep("ab01", outputs)
    found = KeptRuns(tmp_path).get("ab01")
    assert found is not None
    assert [list(one) for one in found] == [list(one) for one in outputs]
    for before, after in zip(outputs, found, strict=True):
        for name, array in before.items():
            assert after[name].dtype == array.dtype
            np.testing.assert_array_equal(after[name], array)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\n", b'{"arrays":[],"sets":"x"}\n', b"\xff"])
def test_damaged_outputs_are_none(tmp_path: Path, damage: bytes) -> None:
    kept = KeptRuns(tmp_path)
    kept.keep("ab01", [{"y": np.ones(3)}])
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(damage)
    assert kept.get("ab01") is None
    kept.keep("ab01", [{"y": np.ones(3)}])
    assert kept.get("ab01") is not None


def test_outputs_that_are_cut_off_are_none(tmp_path: Path) -> None:
    kept = KeptRuns(tmp_path)
    kept.keep("ab01", [{"y": np.ones(3)}])
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    assert kept.get("ab01") is None
