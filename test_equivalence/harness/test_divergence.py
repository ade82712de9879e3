"""The verdict table: what an outcome means against what is known, row by row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from nnparity.discovery import Content
from nnparity.divergence import Fix, KnownDivergence, askable, judge
from nnparity.lanes import demanded
from nnparity.layers import Case
from nnparity.outcome import Outcome, Stage, Status, Verdict
from nnparity.progress import NEW

PATH = ("toy", "table_from_toy", "table_cpu")
STAGES, STATUSES = st.sampled_from(list(Stage)), st.sampled_from(list(Status))
DECLARED = {Status.NOT_RUN: Verdict.NOT_RUN, Status.UNSUPPORTED: Verdict.UNSUPPORTED}
FAILED = [status for status in Status if status not in {Status.MATCH, *DECLARED}]
FAILURES = st.sampled_from(FAILED)


def case_of(number: int, layer: str = "toy_scale") -> Case:
    return Case(layer, {"batch": 1, "dtype": "float32", "number": number}, 0, {"x": np.zeros(1, np.float32)})


WITNESS = case_of(0)


def entry_of(stage: Stage = Stage.COMPARE, status: Status = Status.MISMATCH, **changes: Any) -> KnownDivergence:
    entry = KnownDivergence(
        component="table_cpu",
        layer="toy_scale",
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason="made up for this test",
        link="none found: made up",
        versions=(),
        witness=WITNESS,
    )
    return replace(entry, **changes)


def outcome_of(stage: Stage, status: Status, case: Case, component: str = "") -> Outcome:
    return Outcome(case.id, case.layer, case.config, PATH, stage, status, component=component)


CASES = st.integers(0, 3).map(case_of)


@given(STAGES, STATUSES, CASES)
def test_nothing_known(stage: Stage, status: Status, case: Case) -> None:
    expected = {Status.MATCH: Verdict.PASS, **DECLARED}.get(status, Verdict.FAIL)
    judged = judge(outcome_of(stage, status, case), [])
    assert (judged.verdict, judged.known) == (expected, "")


@given(STAGES, FAILURES, CASES)
def test_known_and_shown_is_expected_to_fail(stage: Stage, status: Status, case: Case) -> None:
    entry = entry_of(stage, status)
    judged = judge(outcome_of(stage, status, case), [entry])
    assert (judged.verdict, judged.known) == (Verdict.XFAIL, entry.id)


@given(STAGES, FAILURES, CASES)
def test_what_a_specification_allows_is_said_so_unless_something_else_explains_it(
    stage: Stage, status: Status, case: Case
) -> None:
    allowed, wrong = entry_of(stage, status, fix=Fix.ALLOWED), entry_of(stage, status)
    outcome = outcome_of(stage, status, case)
    assert judge(outcome, [allowed]).verdict is Verdict.ALLOWED
    assert judge(outcome, [allowed, wrong]).verdict is Verdict.XFAIL
    matching = judge(outcome_of(Stage.COMPARE, Status.MATCH, case), [allowed])
    assert matching.verdict is (Verdict.XPASS if case.id == WITNESS.id else Verdict.PASS)


def test_what_is_allowed_quotes_what_allows_it(content: Content) -> None:
    links = {entry.id: entry.link for entry in content.known if entry.is_allowed}
    assert links
    assert [name for name, link in links.items() if link.startswith("none found") or len(link.split()) < 4] == []


@given(STAGES, FAILURES, CASES)
@example(Stage.COMPARE, Status.MISMATCH, WITNESS)
def test_known_but_matching_passes_for_a_drawn_case_and_fails_the_run_for_the_witness(
    stage: Stage, status: Status, case: Case
) -> None:
    entry = entry_of(stage, status)
    judged = judge(outcome_of(Stage.COMPARE, Status.MATCH, case), [entry])
    assert judged.verdict is (Verdict.XPASS if case.id == WITNESS.id else Verdict.PASS)
    assert judged.known == (entry.id if judged.verdict is Verdict.XPASS else "")
    assert (judged.verdict in NEW) is (case.id == WITNESS.id)


@settings(max_examples=300)
@given(STAGES, FAILURES, STAGES, FAILURES, CASES)
def test_known_but_failing_otherwise_is_new(
    stage: Stage, status: Status, seen_stage: Stage, seen_status: Status, case: Case
) -> None:
    judged = judge(outcome_of(seen_stage, seen_status, case), [entry_of(stage, status)])
    same = (stage, status) == (seen_stage, seen_status)
    assert judged.verdict is (Verdict.XFAIL if same else Verdict.FAIL)


@given(STAGES, st.sampled_from(list(DECLARED)), st.tuples(STAGES, FAILURES), st.sampled_from(PATH), CASES)
@example(Stage.LOAD, Status.UNSUPPORTED, (Stage.COMPARE, Status.MISMATCH), "table_cpu", WITNESS)
@example(Stage.CONVERT, Status.UNSUPPORTED, (Stage.COMPARE, Status.MISMATCH), "table_from_toy", WITNESS)
def test_known_but_declined_is_declined_except_for_the_witness_by_the_component_itself(
    seen: Stage, declared: Status, known: tuple[Stage, Status], component: str, case: Case
) -> None:
    entry = entry_of(*known)
    judged = judge(outcome_of(seen, declared, case, component), [entry])
    over = declared is Status.UNSUPPORTED and component == entry.component and case.id == WITNESS.id
    assert (judged.verdict, judged.known) == ((Verdict.FAIL, entry.id) if over else (DECLARED[declared], ""))


@given(st.permutations([entry_of(), entry_of(Stage.RUN, Status.CRASH), entry_of(Stage.CONVERT, Status.ERROR)]), CASES)
def test_any_of_several_entries_explains(entries: list[KnownDivergence], case: Case) -> None:
    judged = judge(outcome_of(Stage.RUN, Status.CRASH, case), entries)
    assert judged.verdict is Verdict.XFAIL
    assert "RUN-CRASH" in judged.known


@given(STAGES, STATUSES)
def test_stage_and_status_are_never_changed(stage: Stage, status: Status) -> None:
    judged = judge(outcome_of(stage, status, WITNESS), [entry_of()])
    assert (judged.stage, judged.status) == (stage, status)


VERSIONS = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda parts: ".".join(map(str, parts)))


@settings(max_examples=200)
@given(VERSIONS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), VERSIONS)
@example("2.13.0+cpu", "<=", "2.13")
@example("2.14.0.dev20261101", "<", "2.14")
@example("2.14.0rc1", ">=", "2.13")
def test_entry_holds_for_the_versions_that_it_names(installed: str, operator: str, named: str) -> None:
    entry = entry_of(versions=(f"table{operator}{named}",))
    holds = SpecifierSet(f"{operator}{named}").contains(installed, prereleases=True)
    assert entry.holds_with({"table": installed}, ()) is holds


def test_version_local_parts_are_no_obstacle() -> None:
    assert entry_of(versions=("torch<=2.13",)).versions_hold({"torch": "2.13.0+cpu"})


@pytest.mark.parametrize("written", ["Some_Package<2", "some-package<2", "some.package<2", "SOME-package<2"])
@pytest.mark.parametrize(("installed", "holds"), [("1.0", True), ("2.0", False)])
def test_names_of_distributions_may_be_written_in_any_way(written: str, installed: str, holds: bool) -> None:
    assert entry_of(versions=(written,)).versions_hold({"some-package": installed}) is holds


@pytest.mark.parametrize(
    ("wanted", "has", "holds"),
    [
        ("", (), True),
        ("avx2", ("avx2", "fma"), True),
        ("avx2", ("avx", "avx2_vnni"), False),
        ("avx512f|avx2", ("avx2",), True),
        ("avx512f|avx2", ("avx",), False),
        ("!avx512f|avx2", ("avx2",), False),
        ("!avx512f|avx2", ("avx",), True),
        ("!avx512f", ("avx2",), True),
        ("!avx512f", ("avx2", "avx512f"), False),
        ("avx2 !avx512f", ("avx2", "avx512f"), False),
        ("avx2 !avx512f", (), False),
    ],
)
def test_entry_holds_on_the_processors_that_it_names(wanted: str, has: tuple[str, ...], holds: bool) -> None:
    assert entry_of(processor=wanted).holds_with({}, has) is holds


@pytest.mark.parametrize("wanted", ["avx2,fma", "! avx2", "avx512*", "!!avx2", "avx2|!fma"])
def test_entry_about_a_processor_that_no_system_could_name_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match=r"processor of .* write it as in 'avx2 !avx512f'"):
        askable([entry_of(processor=wanted)])


def test_all_named_versions_must_hold() -> None:
    entry = entry_of(versions=("a<2", "b<2"))
    assert entry.versions_hold({"a": "1", "b": "1"})
    assert not entry.versions_hold({"a": "1", "b": "2"})
    assert entry.versions_hold({"a": "1"})


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"component": "table_from_toy"}, True),
        ({"component": "elsewhere"}, False),
        ({"layer": "other"}, False),
        ({"layer": "toy_*"}, True),
        ({"paths": "toy>table_from_toy>*"}, True),
        ({"paths": "*>table_tidied>*"}, False),
        ({"applies": lambda case: case.config["number"] == 1}, True),
        ({"applies": lambda case: case.config["number"] == 2}, False),
    ],
)
def test_entry_covers_only_what_it_speaks_about(changes: dict[str, Any], covers: bool) -> None:
    entry, case = entry_of(**changes), case_of(1)
    assert (entry.covers(case.layer, PATH) and entry.applies(case)) is covers


@settings(max_examples=200)
@given(STAGES, STATUSES, st.sampled_from([*PATH, "elsewhere"]), CASES)
def test_required_component_that_did_not_run_fails(stage: Stage, status: Status, required: str, case: Case) -> None:
    judged = judge(outcome_of(stage, status, case), [])
    asked = demanded(judged, [required])
    if status is Status.NOT_RUN and required in PATH:
        assert asked.verdict is Verdict.FAIL
        assert f"{required} is required" in asked.detail
    else:
        assert asked is judged


@pytest.mark.parametrize("change", [lambda entry: entry, lambda entry: replace(entry, stage=Stage.RUN)])
def test_entries_are_told_apart_by_their_ids(change: Callable[[KnownDivergence], KnownDivergence]) -> None:
    entry = entry_of()
    assert (change(entry).id == entry.id) is (change(entry) == entry)


@pytest.mark.parametrize(
    ("paths", "runtime", "covered"),
    [
        ("*", "onnxruntime_cpu", True),
        ("*>onnxruntime_*", "onnx_reference", False),
        ("*>onnxruntime_* *>onnx_reference", "onnx_reference", True),
        ("*>onnxruntime_* !*_unoptimized", "onnxruntime_cpu", True),
        ("*>onnxruntime_* !*_unoptimized", "onnxruntime_cpu_unoptimized", False),
        ("!*_unoptimized *>onnxruntime_*", "onnxruntime_cpu_unoptimized", False),
        ("!*_unoptimized", "onnxruntime_cpu", False),  # it takes away, and there is nothing to take from
    ],
)
def test_paths_are_globs_and_what_is_taken_away_from_them(paths: str, runtime: str, covered: bool) -> None:
    one = entry_of(component="onnx_from_torch", paths=paths)
    assert one.on_path(("torch", "onnx_from_torch", runtime)) is covered


def test_layer_may_be_several_globs() -> None:
    one = entry_of(layer="soft* gelu")
    assert [one.about_layer(name) for name in ("softmax", "gelu", "silu")] == [True, True, False]


@pytest.mark.parametrize(("error", "verdict"), [(8.0, Verdict.XFAIL), (8.1, Verdict.FAIL), (math.inf, Verdict.FAIL)])
def test_error_beyond_what_an_entry_explains_is_another_fault(error: float, verdict: Verdict) -> None:
    observed = replace(outcome_of(Stage.COMPARE, Status.MISMATCH, case_of(1)), error_over_budget=error)
    assert judge(observed, [entry_of(up_to=8.0)]).verdict is verdict
