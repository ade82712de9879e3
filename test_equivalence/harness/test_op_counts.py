"""Operator counts lose nothing: neither a change, nor an operator that no family claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity.contracts import Family, Representation
from nnparity.describe import steps_of
from nnparity.discovery import discover
from nnparity.loading import load_file
from nnparity.op_counts import by_family, changes, total, unclaimed
from nnparity.outcome import Outcome, Stage, Status

CONVERTERS = Path(__file__).with_name("toy") / "converters" / "representations"
TOY: Representation = load_file(CONVERTERS / "toy.py").REPRESENTATION
TABLE: Representation = load_file(CONVERTERS / "table.py").REPRESENTATION
COUNTS = st.dictionaries(st.sampled_from(["Mul", "Add", "Conv", "com.x::Mul"]), st.integers(1, 9))
many = settings(max_examples=200)


class Every:
    """A representation whose operators are named after their families."""

    name = "every"

    def family(self, operator: str) -> Family | None:
        return Family(operator)


@many
@given(COUNTS, COUNTS)
def test_changes_lead_from_the_one_to_the_other(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    difference = changes(before, after)
    arrived = Counter(dict(before))
    arrived.update(difference)
    assert +arrived == Counter(dict(after))
    assert 0 not in difference.values()
    assert changes(after, before) == {name: -count for name, count in difference.items()}


@many
@given(COUNTS)
def test_no_change_is_empty(counts: Mapping[str, int]) -> None:
    assert changes(counts, {name: counts[name] for name in reversed(list(counts))}) == {}


@many
@given(st.dictionaries(st.sampled_from([family.value for family in Family]), st.integers(1, 9)))
def test_families_add_up_to_the_total(counts: Mapping[str, int]) -> None:
    every: Any = Every()
    assert by_family(counts, every) == dict(counts)
    assert sum(by_family(counts, every).values()) == total(counts)


def outcome_of(op_counts: Mapping[str, Mapping[str, int]]) -> Outcome:
    return Outcome("case", "layer", {}, tuple(op_counts), Stage.COMPARE, Status.MATCH, op_counts=op_counts)


STEPS = {"toy": "toy", "table_from_toy": "table", "table_tidied": "table"}
REPRESENTATIONS = {"toy": TOY, "table": TABLE}


@pytest.mark.parametrize(
    ("op_counts", "missing"),
    [
        ({"toy": {"scale": 1}, "table_from_toy": {"Mul": 2}}, {}),
        ({"toy": {"scale": 1}, "table_from_toy": {"Mul": 2, "Muls": 1}}, {"table": {"Muls"}}),
        ({"toy": {"Mul": 1}}, {"toy": {"Mul"}}),
        ({"table_from_toy": {"a": 1}, "table_tidied": {"b": 1, "Mul": 3}}, {"table": {"a", "b"}}),
        ({"table_from_toy": {"": 1}}, {"table": {""}}),
    ],
)
def test_operator_that_no_family_claims_is_told(op_counts: Any, missing: dict[str, set[str]]) -> None:
    assert unclaimed([outcome_of(op_counts)], STEPS, REPRESENTATIONS) == missing


def test_operators_of_many_outcomes_are_told_together() -> None:
    outcomes = [outcome_of({"table_from_toy": {name: 1}}) for name in ("Mul", "a", "b", "a")]
    assert unclaimed(outcomes, STEPS, REPRESENTATIONS) == {"table": {"a", "b"}}


def test_operator_that_no_family_claims_is_not_left_out_of_the_families() -> None:
    with pytest.raises(KeyError, match="no family claims the operator 'Muls'"):
        by_family({"Mul": 1, "Muls": 1}, TABLE)


def test_own_representations_claim_no_made_up_operator() -> None:
    for name, representation in discover().representations.items():
        for operator in ("NoSuchOperator", "no_such_operator", "aten::no_such_operator", ""):
            assert representation.family(operator) is None, (
                f"{name} claims {operator!r}; a catch-all hides new operators"
            )


def test_every_step_says_where_its_operator_counts_come_from() -> None:
    assert [name for name, step in steps_of(discover()).items() if not step["operators_from"]] == []
