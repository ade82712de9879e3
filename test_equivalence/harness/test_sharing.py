"""Sharing equal parts of outcomes changes nothing that an outcome says."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from nnparity.loading import load_file
from nnparity.outcome import Outcome
from nnparity.sharing import Shared

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
ODD = [{"size": 1}, {"size": True}, {"size": 1.0}, {"size": "1"}, {"size": [1]}]


def told(outcome: Outcome) -> str:
    return json.dumps(outcome.to_json())


@given(st.lists(drawn.outcomes(), min_size=1, max_size=6))
@example([drawn.one(config=config) for config in ODD])
@example([drawn.one(seconds={"torch": value}) for value in (1, 1.0, 0.0, -0.0)])
def test_shared_outcomes_say_what_they_said(outcomes: list[Outcome]) -> None:
    shared = Shared()
    assert [told(shared.outcome(one)) for one in outcomes * 2] == [told(one) for one in outcomes * 2]


def test_equal_parts_are_kept_once() -> None:
    first, second = (Outcome.from_json(json.loads(told(drawn.small_run()[1][0]))) for _ in range(2))
    shared = Shared()
    one, other = shared.outcome(first), shared.outcome(second)
    assert first.op_counts is not second.op_counts
    assert one.op_counts is other.op_counts
    assert one.config is other.config
    assert one.path is other.path
