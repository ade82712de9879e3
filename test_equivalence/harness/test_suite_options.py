"""The suite is an ordinary pytest suite: its own options and pytest's select, stop, repeat and share out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from nnparity.cases import load_case
from nnparity.outcome import Verdict
from nnparity.store import read_results

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

ROOT = Path(__file__).parents[2]
WRONG = ('{"factor": factor}', '{"factor": factor + 0.1}')
RUNTIME = "converters/runtimes/table_cpu.py"
WRONG_FOR_RANK_3 = ('inputs["x"])}', 'inputs["x"]) + (inputs["x"].ndim == 3)}')  # the layer's example has rank 2
WRONG_FOR_ONE_NUMBER = ('inputs["x"])}', 'inputs["x"]) + (inputs["x"].size == 1)}')  # which is what is drawn first
COUNTS = re.compile(r"(\d+) (passed|failed|skipped|xfailed|deselected)")


class Suite:
    """Runs the property tests on the toy world, as a maintainer of its converter would."""

    def __init__(self, world: World) -> None:
        self.world = world

    def run(self, *arguments: str) -> tuple[int, dict[str, int]]:
        ran = self.call(*arguments)
        return ran.returncode, {word: int(count) for count, word in COUNTS.findall(ran.stdout)}

    def call(self, *arguments: str, layers: tuple[str, ...] = ("toy_scale",)) -> subprocess.CompletedProcess[str]:
        content = ["--models", str(self.world.models), "--converters", str(self.world.converters)]
        named = [argument for layer in layers for argument in ("--layer", layer)]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "test_equivalence/test_paths.py", *content, *named,
             "-o", f"cache_dir={self.world.folder / 'pytest_cache'}", "-q", *arguments],
            cwd=ROOT,
            env={**os.environ, "NNPARITY_CACHE": str(self.world.cache)},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip


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


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ([], set()),
        (["--hypothesis-profile", "ci"], set()),
        (["--hypothesis-profile", "nightly"], {"toy>table_from_toy>rare", "toy>table_from_toy>table_tidied>rare"}),
        (["--all"], {"toy>table_from_toy>rare", "toy>table_from_toy>table_tidied>rare"}),
        (["--path", "toy>table_from_toy>*"], {"toy>table_from_toy>rare", "toy>table_from_toy>table_tidied>rare"}),
        (["--component", "rare", "-p", "xdist"], {"toy>table_from_toy>rare", "toy>table_from_toy>table_tidied>rare"}),
    ],
)
def test_path_on_demand_is_collected_where_it_is_asked_for_or_everything_is(
    suite: Suite, arguments: list[str], paths: set[str]
) -> None:
    suite.world.add_on_demand()
    said = suite.call("--collect-only", *arguments)
    assert said.returncode == 0, said.stdout + said.stderr
    assert set(re.findall(r"\[toy_scale-(toy>\S*rare)\]", said.stdout)) == paths


@pytest.mark.parametrize(
    ("layers", "arguments", "profile"),
    [
        ((), [], "suite"),
        (("toy_scale",), [], "quick"),
        ((), ["--component", "table_cpu"], "quick"),
        ((), ["--path", "toy>*"], "quick"),
        ((), ["--hypothesis-profile", "ci"], "ci"),
    ],
)
def test_the_whole_suite_draws_less_than_what_is_named(
    suite: Suite, layers: tuple[str, ...], arguments: list[str], profile: str
) -> None:
    said = suite.call("--collect-only", "-v", *arguments, layers=layers)
    assert said.returncode == 0, said.stdout + said.stderr
    assert re.findall(r"^nnparity: profile (\w+)", said.stdout, re.MULTILINE) == [profile]


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


def test_smallest_case_that_failed_is_an_example_ever_after(suite: Suite, command: Callable[..., Result]) -> None:
    suite.world.edit(RUNTIME, *WRONG_FOR_RANK_3)
    code, _ = suite.run("--path", "toy>table_from_toy>table_cpu", "--hypothesis-profile", "nightly")
    assert code == 1
    (file,) = (suite.world.models / "found" / "toy_scale").glob("*.npz")
    case = load_case(file)
    assert case.inputs["x"].shape == (1, 1, 1)

    content = ("--models", "models", "--converters", "converters")
    path = ("--path", "toy>table_from_toy>table_cpu")
    ran = command("run", *content, *path, "--layer", "toy_scale", "--out", "out")
    assert ran.exit_code == 1
    outcomes = {one.case: one.verdict for one in read_results(suite.world.folder / "out").outcomes}
    assert outcomes[case.id] is Verdict.FAIL
    suite.world.edit(RUNTIME, *reversed(WRONG_FOR_RANK_3))
    ran = command("run", *content, *path, "--layer", "toy_scale", "--out", "out")
    assert ran.exit_code == 0
    assert command("run", *content, *path, "--case", case.id, "--out", "empty").exit_code == 0


def test_case_that_is_not_shrunk_is_not_kept(suite: Suite) -> None:
    suite.world.edit(RUNTIME, *WRONG_FOR_ONE_NUMBER)
    code, _ = suite.run("--path", "toy>table_from_toy>table_cpu", "--hypothesis-profile", "ci")
    assert code == 1
    assert not (suite.world.models / "found").exists()
