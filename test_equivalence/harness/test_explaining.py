"""A new failure is looked into before the run ends: which operator, and a script; the report has both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import Result

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.cases import save_case
from nnparity.check import check
from nnparity.discovery import discover
from nnparity.environments import Environments
from nnparity.explaining import Explainer
from nnparity.facts import ExplainedFacts, Facts
from nnparity.loading import load_file
from nnparity.oracle import Oracle
from nnparity.outcome import Stage, Status, Verdict
from nnparity.store import Results, merge, read_results

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
rendered = load_file(Path(__file__).with_name("rendered.py"))
Command = Callable[..., Result]
TABLE_CPU, BY_HAND = "converters/runtimes/table_cpu.py", "converters/by_hand/toy.py"
DOUBLED = ("np.multiply(self._factor", "np.multiply(2 * self._factor")
DOUBLED_BY_HAND = ('np.load(source / "table.npz")["factor"]', '2 * np.load(source / "table.npz")["factor"]')
RUN = ("run", "--models", "models", "--converters", "converters", "--layer", "toy_scale", "--component", "table_cpu")
ELU = "79144245eb09"


def explained(folder: Path) -> dict[str, ExplainedFacts]:
    return dict(Facts.of(read_results(folder).facts).explained)


def failure_page(folder: Path) -> str:
    (page,) = (folder / "failures").glob("*.html")
    return str(browsed.Page(page.read_text(encoding="utf-8")).text)


def test_script_of_a_new_failure_is_recorded_and_on_its_page(command: Command, built_world: World) -> None:
    built_world.edit(TABLE_CPU, *DOUBLED)
    built_world.edit(BY_HAND, *DOUBLED_BY_HAND)
    ended = command(*RUN, "--path", "toy>table_from_toy>table_cpu")
    assert ended.exit_code == 1, ended.output
    out = built_world.folder / "nnparity-results"
    ((name, told),) = explained(out).items()
    assert name.endswith("@toy>table_from_toy>table_cpu")
    assert told.said == "run here, it shows the divergence (exit code 1)"
    assert told.script == (out / told.folder / "reproduce.py").read_text(encoding="utf-8")
    assert "no operator is named: nothing on the path can be cut" in told.operator
    page = failure_page(out)
    assert told.script.splitlines()[-1] in page
    assert f"It lies in {told.folder}/ of the folder that the run wrote" in page
    assert told.operator.splitlines()[-1] in page
    assert told.folder in (out / "report.md").read_text(encoding="utf-8").replace("\\", "")


def test_script_that_does_not_show_the_failure_is_said_to_be_one(command: Command, built_world: World) -> None:
    built_world.edit(TABLE_CPU, *DOUBLED)
    command(*RUN, "--path", "toy>table_from_toy>table_cpu")
    (told,) = explained(built_world.folder / "nnparity-results").values()
    assert told.script
    assert "it does not show it (exit code 0)" in told.said


def test_as_many_failures_are_looked_into_as_asked_for(command: Command, built_world: World) -> None:
    built_world.edit(TABLE_CPU, *DOUBLED)
    ended = command(*RUN, "--explain", "1")
    assert "looking into 1 of " in ended.output
    assert len(explained(built_world.folder / "nnparity-results")) == 1
    ended = command(*RUN, "--explain", "0")
    assert "looking into" not in ended.output
    assert explained(built_world.folder / "nnparity-results") == {}
    page = failure_page(built_world.folder / "nnparity-results")
    assert "nnparity reproduce" in page


def test_failure_of_an_own_model_has_a_script_that_begins_with_the_model(command: Command, built_world: World) -> None:
    with open(built_world.folder / "own.table", "wb") as stream:
        np.savez(stream, factor=np.array([2, 3, 5], np.float32))
    content = ("--models", "models", "--converters", "converters")
    built_world.add("converters/runtimes/wrong_cpu.py", TABLE_CPU, ('"table_cpu"', '"wrong_cpu"'), DOUBLED)
    built_world.edit(BY_HAND, "def table_cpu(", "def wrong_cpu(")
    built_world.edit(BY_HAND, *DOUBLED_BY_HAND)
    assert command("check", "own.table", "--to", "wrong_cpu", *content).exit_code == 1
    ((name, told),) = explained(built_world.folder / "nnparity-check").items()
    assert told.said.startswith("run here, it shows"), told
    assert "It begins with the model itself, which is in table/" in " ".join(told.script.replace("#", "").split())
    assert "The model own" in " ".join(told.script.replace("#", "").split())

    ended = command("reproduce", name, "--target", "own.table", *content)
    assert ended.exit_code == 0, ended.output
    assert "it shows the divergence" in ended.output
    ended = command("reproduce", name, *content)
    assert ended.exit_code == 2
    assert "needs the model, as --target" in ended.output


def test_real_failure_has_its_operator_named(tmp_path: Path) -> None:
    known = discover()
    content = replace(known, known=())
    case = next(entry.witness for entry in known.known if entry.witness.id == ELU)
    route = next(one for one in content.routes if one.id == "torch>onnx_from_torch>onnxruntime_cpu")
    environments = Environments(content.environments, cache_folder())
    environments.build_all(content.environments_on([route]), print)
    with Bench(content, environments, ArtifactCache(cache_folder())) as bench:
        oracle = Oracle(bench)
        outcome = check(case, route, bench, oracle)
        save_case(case, tmp_path / "cases")
        explainer = Explainer(bench, oracle, known.known, (), tmp_path, print)
        for one in (outcome, replace(outcome, case="another")):
            explainer.take(one)
        ((name, told),) = explainer.explained(5)
    assert name == f"{ELU}@{route.id}"
    assert "located: Elu 'node_Elu_4'" in told["operator"]
    assert "known of onnxruntime_cpu in layers: " in told["operator"]
    assert "it shows" in told["said"]
    outcome = drawn.one(case=case.id, path=route.steps, layer=case.layer, verdict=Verdict.FAIL)
    pages = rendered.render(Results({"explained": {name: told}}, (outcome,)), rendered.only("failures"))
    (page,) = (browsed.Page(text).text for path, text in pages.items() if path.startswith("failures/"))
    assert "located: Elu 'node_Elu_4'" in page
    assert told["script"].splitlines()[0] in page


def test_failure_that_takes_its_time_is_left_for_later(world: World) -> None:
    bench = world.bench()
    case = world.cases(bench)[0]
    save_case(case, world.folder / "cases")
    explainer = Explainer(bench, Oracle(bench), (), (), world.folder, print)
    path = world.route(bench, "toy>table_from_toy>table_cpu").steps
    slow = drawn.one(case=case.id, path=path, verdict=Verdict.FAIL, stage=Stage.RUN, status=Status.TIMEOUT)
    explainer.take(slow)
    ((_, told),) = explainer.explained(5)
    assert told["operator"].startswith("not looked for: ")
    assert "script" not in told


def test_one_script_is_kept_of_two_that_runs_recorded_of_one_failure() -> None:
    told = [{"explained": {"77@a>b": {"script": text, "said": "it shows"}}} for text in ("one\n", "two\n")]
    merged = merge(*(Results(facts, ()) for facts in told))
    assert Facts.of(merged.facts).explained["77@a>b"] == ExplainedFacts(script="one\n", said="it shows")


@pytest.mark.parametrize("value", [None, 3, [], {"script": {}}, {"modules": [3]}, {"modules": {"a": {}}}])
def test_odd_records_are_no_failure(value: object) -> None:
    assert Facts.of({"explained": {"77@a>b": value}}).explained.get("77@a>b", ExplainedFacts()).operator == ""
