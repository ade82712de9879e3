"""`list` and `report` are about what was run, and about each other's paths."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from nnparity import options
from nnparity.discovery import Content, discover
from nnparity.outcome import Outcome, Stage, Status, Verdict
from nnparity.plan import PROFILES
from nnparity.store import RESULTS, ResultsWriter, read_results

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

Command = Callable[..., Result]
OUT = "nnparity-results"
REPORTS = ("index.html", "report.md", "summary.json", "junit.xml", "badge.svg")


def toy_alone(**folders: list[Path]) -> Content:
    """Return what is found with no layer but the toy one, and so with no path but its own."""
    content = discover(**folders)
    return replace(content, layers={"toy_scale": content.layers["toy_scale"]}, found={}, known=())


@pytest.mark.parametrize("profile", ["quick", "nightly"])
def test_what_is_listed_is_what_the_report_is_about_but_for_what_is_on_demand(
    built_world: World, command: Command, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    built_world.add_on_demand()
    monkeypatch.setattr(options, "discover", toy_alone)
    monkeypatch.setitem(PROFILES, profile, replace(PROFILES[profile], configs=1, inputs=2, open_configs=0, varied=0))
    content = ["--models", str(built_world.models), "--converters", str(built_world.converters)]
    ran = command("run", *content, "--profile", profile)
    assert ran.exit_code == 0, ran.output
    results = read_results(built_world.folder / OUT)
    paths, components = (
        json.loads(command("list", what, *content, "--json").output) for what in ("paths", "components")
    )
    assert {row["when"] for row in paths} == {"", "on demand"}
    on_demand = {row["name"] for row in components if row["when"] == "on demand"}
    by_default = {row["path"] for row in paths if row["when"] != "on demand"}
    everything = {row["path"] for row in paths}
    taken = everything if profile == "nightly" else by_default
    assert {one.path_id for one in results.outcomes} == set(results.facts["paths"]) == taken
    assert on_demand - {step for path in taken for step in path.split(">")} <= set(results.facts["not_run"])
    assert ("rare" in results.facts["not_run"]) is (taken < everything)
    assert ("2 of 5 paths are on demand" in ran.output) is (taken < everything)
    if taken < everything:
        assert "--component rare" in (built_world.folder / OUT / "report.md").read_text(encoding="utf-8")
        assert "--component rare" in (built_world.folder / OUT / "coverage.html").read_text(encoding="utf-8")


def test_component_is_listed_with_versions_licence_size_and_what_its_operators_are_counted_on(
    built_world: World, command: Command
) -> None:
    content = ["--models", str(built_world.models), "--converters", str(built_world.converters)]
    built_world.edit(
        "converters/conversions/table_from_toy.py", "    target", '    operators_from = "the rows"\n    target'
    )
    built_world.edit(
        "converters/representations/table.py",
        '        return {"Mul"',
        '        """Return one row. Always."""\n        return {"Mul"',
    )
    rows = {row["name"]: row for row in json.loads(command("list", "components", *content, "--json").output)}
    conversion, optimiser, runtime = (rows[name] for name in ("table_from_toy", "table_tidied", "table_cpu"))
    assert conversion["versions"]["numpy"]
    assert "BSD" in conversion["licences"]["numpy"]
    assert conversion["megabytes"] >= 0
    assert conversion["operators from"] == "the rows"
    assert optimiser["operators from"] == "one row"
    assert runtime["operators from"] == "none of its own: it runs the model that it is given"


def outcome_of(case: str, status: Status, verdict: Verdict) -> Outcome:
    return Outcome(case, "softmax", {}, ("torch", "torch_eager"), Stage.COMPARE, status, verdict)


def test_report_is_of_several_runs_together(built_world: World, command: Command) -> None:
    outcomes = {"one": Verdict.PASS, "two": Verdict.FAIL}
    for name, verdict in outcomes.items():
        status = Status.MATCH if verdict is Verdict.PASS else Status.MISMATCH
        with ResultsWriter(built_world.folder / name, {"seed": name}) as writer:
            writer.write(outcome_of(name, status, verdict))
    ran = command("report", "one", f"two/{RESULTS}", "--out", "both")
    assert ran.exit_code == 0, ran.output
    assert all((built_world.folder / "both" / name).exists() for name in REPORTS)
    assert "2 outcomes" in ran.output


def test_each_baseline_is_a_run_of_the_trend_in_the_order_given(built_world: World, command: Command) -> None:
    for name, status, verdict in (
        ("old", Status.MATCH, Verdict.PASS),
        ("older", Status.MISMATCH, Verdict.FAIL),
        ("now", Status.MATCH, Verdict.PASS),
    ):
        with ResultsWriter(built_world.folder / name, {"profile": name}) as writer:
            writer.write(outcome_of("case", status, verdict))
    ran = command("report", "now", "--baseline", "older", "--baseline", "old", "--out", "trend")
    assert ran.exit_code == 0, ran.output
    page = (built_world.folder / "trend" / "trend.html").read_text(encoding="utf-8")
    assert page.index("<td>older ") < page.index("<td>old ") < page.index("<td>now ")
    assert ">fixed</b></td><td>run 2</td>" in page


@pytest.mark.parametrize("arguments", [("nowhere",), ("foreign.jsonl",), ()])
def test_report_of_what_is_no_results_file_is_the_users_mistake(
    built_world: World, command: Command, arguments: tuple[str, ...]
) -> None:
    (built_world.folder / "foreign.jsonl").write_text('{"schema": "other/1"}\n')
    ran = command("report", *arguments, "--out", "both")
    assert ran.exit_code == 2
    assert not (built_world.folder / "both").exists()
