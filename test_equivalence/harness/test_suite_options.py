"""The suite is an ordinary pytest suite: its own options and pytest's select, stop, repeat and share out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

ROOT = Path(__file__).parents[2]
WRONG = ('{"factor": factor}', '{"factor": factor + 1e-3}')
COUNTS = re.compile(r"(\d+) (passed|failed|skipped|xfailed|deselected)")


class Suite:
    """Runs the property tests on the toy world, as a maintainer of its converter would."""

    def __init__(self, world: World) -> None:
        self.world = world

    def run(self, *arguments: str) -> tuple[int, dict[str, int]]:
        content = ["--models", str(self.world.models), "--converters", str(self.world.converters)]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "test_equivalence/test_paths.py", *content, "--layer", "toy_scale",
             "-o", f"cache_dir={self.world.folder / 'pytest_cache'}", "-q", *arguments],
            cwd=ROOT,
            env={**os.environ, "NNPARITY_CACHE": str(self.world.cache)},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        return ran.returncode, {word: int(count) for count, word in COUNTS.findall(ran.stdout)}


@pytest.fixture
def suite(built_world: World) -> Suite:
    return Suite(built_world)


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["--path", "toy>*"], 3),
        (["--path", "toy>*", "-n", "2"], 3),
        (["--component", "table_cpu"], 2),
        (["--component", "table_cpu", "--require", "table_cpu"], 2),
        (["--path", "toy>*", "-k", "toy_eager"], 1),
    ],
)
def test_selection_runs_just_what_it_names(suite: Suite, arguments: list[str], passed: int) -> None:
    code, counts = suite.run(*arguments)
    assert code == 0
    assert counts["passed"] == passed
    assert "failed" not in counts


def test_failure_stops_the_run_and_is_repeated_alone(suite: Suite) -> None:
    suite.world.edit("converters/conversions/table_from_toy.py", *WRONG)
    code, counts = suite.run("--path", "toy>*", "-x")
    assert (code, counts["failed"]) == (1, 1)
    code, counts = suite.run("--path", "toy>*", "--lf")
    assert (code, counts["failed"]) == (1, 1)
    assert "passed" not in counts

    suite.world.edit("converters/conversions/table_from_toy.py", WRONG[1], WRONG[0])
    code, counts = suite.run("--path", "toy>*", "--lf")
    assert (code, counts["passed"]) == (0, 1)


def test_unknown_component_is_the_users_mistake(suite: Suite) -> None:
    code, _ = suite.run("--component", "table_cpuu")
    assert code == pytest.ExitCode.USAGE_ERROR
