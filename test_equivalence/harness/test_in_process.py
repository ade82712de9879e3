"""What --in-process runs is in the process that was started, and stays without consequence for any other run."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from nnparity.outcome import Verdict
from nnparity.store import read_results

if TYPE_CHECKING:
    from click.testing import Result

    from test_equivalence.harness.conftest import World

TABLE_FROM_TOY, TABLE_CPU = "converters/conversions/table_from_toy.py", "converters/runtimes/table_cpu.py"
IMPORTS = ("import annotations\n", "import annotations\nimport os\n")
OUT = "nnparity-results"
FULL = 'raise OSError(28, "No space left on device")'


@pytest.fixture
def run(built_world: World, command: Callable[..., Result]) -> Callable[..., Result]:
    """Return f(further arguments) -> how a run of the toy layer ended."""
    content = ("--models", str(built_world.models), "--converters", str(built_world.converters))
    return lambda *arguments: command("run", *content, "--layer", "toy_scale", "--path", "toy>*", *arguments)


def verdicts(world: World) -> set[Verdict]:
    return {outcome.verdict for outcome in read_results(world.folder / OUT).outcomes}


def test_component_in_process_runs_in_the_process_that_was_started(
    built_world: World, run: Callable[..., Result]
) -> None:
    seen = built_world.folder / "seen"
    built_world.edit(TABLE_CPU, *IMPORTS)
    noted = f"os.makedirs({str(seen)!r} + f'/{{os.getpid()}}', exist_ok=True)"
    built_world.edit(TABLE_CPU, "        return {", f"        {noted}\n        return {{")
    ran = run("--in-process", "table_cpu")
    assert ran.exit_code == 0, ran.output
    assert verdicts(built_world) == {Verdict.PASS}
    assert [one.name for one in seen.iterdir()] == [str(os.getpid())]


@pytest.mark.parametrize(
    ("file", "method"),
    [
        (TABLE_FROM_TOY, "    def convert(self, artifact: Artifact) -> Artifact:\n"),
        (TABLE_CPU, "    def load(self, artifact: Artifact) -> Session:\n"),
        ("converters/representations/toy.py", "    def load(self, folder: Path) -> Any:\n"),
    ],
)
def test_failure_in_process_is_not_remembered_for_a_run_in_the_environment(
    built_world: World, run: Callable[..., Result], file: str, method: str
) -> None:
    here = f"        if os.getpid() == {os.getpid()}: raise ValueError('only here')\n"
    built_world.edit(file, *IMPORTS)
    built_world.edit(file, method, method + here)
    components = ("table_from_toy", "table_cpu", "toy_eager")
    failed = run(*(argument for component in components for argument in ("--in-process", component)))
    assert failed.exit_code == 1
    assert "only here" in failed.output
    whole = run()
    assert whole.exit_code == 0, whole.output


def test_full_disk_in_process_ends_with_2_and_is_not_remembered(built_world: World, run: Callable[..., Result]) -> None:
    built_world.edit(TABLE_FROM_TOY, "        factor = load_file", f"        {FULL}\n        factor = load_file")
    ran = run("--in-process", "table_from_toy")
    assert ran.exit_code == 2
    assert "No space left on device" in ran.output
    assert verdicts(built_world) <= {Verdict.PASS}


def test_component_for_another_python_is_refused_before_anything_is_done(
    built_world: World, run: Callable[..., Result]
) -> None:
    built_world.edit("converters/environments/toy.py", "sys.version_info.major", "9 + sys.version_info.major")
    ran = run("--in-process", "table_cpu")
    assert ran.exit_code == 2
    assert "environment toy is for Python 12." in ran.output
    assert not (built_world.folder / OUT).exists()
