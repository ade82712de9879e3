"""Results of many machines become one account, the same in whatever order they come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from nnparity.loading import load_file
from nnparity.outcome import Status, Verdict
from nnparity.store import Results, merge

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
one = drawn.one


def lines(results: Results) -> list[str]:
    return [json.dumps(outcome.to_json(), sort_keys=True) for outcome in results.outcomes]


def results_drawn() -> st.SearchStrategy[Results]:
    return st.builds(Results, facts=drawn.facts(), outcomes=st.lists(drawn.outcomes(), max_size=3).map(tuple))


def same(left: Results, right: Results) -> bool:
    return (lines(left), json.dumps(left.facts, sort_keys=True), left.notes) == (
        lines(right),
        json.dumps(right.facts, sort_keys=True),
        right.notes,
    )


@given(st.lists(results_drawn(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_merge_does_not_depend_on_the_order(results: list[Results], random: Any) -> None:
    shuffled = [Results(one.facts, tuple(random.sample(one.outcomes, len(one.outcomes)))) for one in results]
    random.shuffle(shuffled)
    assert same(merge(*results), merge(*shuffled))


@given(results_drawn(), results_drawn(), results_drawn())
def test_merge_in_steps_is_merge_at_once(first: Results, second: Results, third: Results) -> None:
    assert same(merge(merge(first, second), third), merge(first, second, third))


def test_equal_answers_are_kept_once_and_different_ones_all() -> None:
    here = Results({}, (one(run_microseconds=5.0), one(case="b")))
    there = Results({}, (one(run_microseconds=7.0), one(case="b", verdict=Verdict.FAIL, status=Status.MISMATCH)))
    assert [(outcome.case, outcome.verdict) for outcome in merge(here, there).outcomes] == [
        ("3f9a1c", Verdict.PASS),
        ("b", Verdict.PASS),
        ("b", Verdict.FAIL),
    ]


def test_what_ran_on_one_machine_is_not_missing() -> None:
    missing = one(verdict=Verdict.NOT_RUN, status=Status.NOT_RUN)
    without = Results({"not_run": {"onnxruntime_cpu": "not built", "tvm": "not built"}}, (missing,))
    merged = merge(without, Results({"not_run": {}}, (one(),)))
    assert [outcome.verdict for outcome in merged.outcomes] == [Verdict.PASS]
    assert merged.facts["not_run"] == {"tvm": "not built"}


@example({"made": 1}, {"made": 1})
@given(st.dictionaries(st.text(), st.integers(0)), st.dictionaries(st.text(), st.integers(0)))
def test_conversions_of_several_runs_are_added(first: dict[str, int], second: dict[str, int]) -> None:
    merged = merge(Results({"conversions": first}, ()), Results({"conversions": second}, ())).facts["conversions"]
    assert merged == {name: first.get(name, 0) + second.get(name, 0) for name in {*first, *second}}
