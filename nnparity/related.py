"""What the outputs of one run say about those of another, to which a relation ties them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnparity.budget import ANY_KIND, CONSTANT, Expectation, ExpectedOutput, kinds_of
from nnparity.compare import Comparison, Rule, compare
from nnparity.dtypes import is_float, limits
from nnparity.layers import Case
from nnparity.relations import Relation

UNCOMPARABLE = {Rule.CONTAINER, Rule.MISSING, Rule.EXTRA, Rule.ARRAY, Rule.SHAPE}


@dataclass(frozen=True)
class Side:
    """One of the two runs. expectation: what its outputs must be, from the reference alone."""

    outputs: Mapping[str, Any]
    expectation: Expectation


def compare_related(relation: Relation, case: Case, first: Side, second: Side) -> Comparison:
    """Return how the second run's outputs differ from what the relation makes of the first run's.

    What is compared may be as far apart as both budgets together allow; an element that is contested on either side, or
    not finite in the reference, says nothing. Where the relation compares the same numbers, CONSTANT units of rounding
    are allowed and nothing is contested. Outputs of another name or shape than expected are problems by themselves.
    """
    for side in (first, second):
        found = compare(side.outputs, side.expectation)
        if any(problem.rule in UNCOMPARABLE for problem in found.problems):
            return found
    kept, again = relation.kept(case.config, first.outputs), relation.again(case.config, second.outputs)
    if relation.same_numbers:
        allowed = {name: _rounding(array, case.config["dtype"]) for name, array in kept.items()}
    else:
        before, after = (
            part(case.config, {name: _loose(output) for name, output in side.expectation.outputs.items()})
            for part, side in ((relation.kept, first), (relation.again, second))
        )
        allowed = {name: np.asarray(before[name] + after[name]) for name in kept}
    expected = Expectation({name: _expected(kept[name], again[name], allowed[name]) for name in kept})
    return compare(again, expected)


def _rounding(array: np.ndarray, dtype: str) -> np.ndarray:
    if not is_float(array.dtype):
        return np.zeros(array.shape)
    finest = limits(dtype)
    units = CONSTANT[dtype] * finest.eps * np.abs(array.astype(np.float64))
    return np.asarray(np.where(np.isfinite(units), units, 0.0) + finest.smallest_normal)


def _loose(output: ExpectedOutput) -> np.ndarray:
    """Return the output's budget, infinite where it has more than one right answer, or none that is a number."""
    if output.exact:
        contested = np.any([answer != output.reference for answer in output.answers], axis=0)
    else:
        contested = (np.bitwise_count(output.accepted) > 1) | ~np.isfinite(output.reference)
    return np.where(contested, np.inf, output.budget)


def _expected(kept: np.ndarray, again: np.ndarray, allowed: np.ndarray) -> ExpectedOutput:
    anything = np.isinf(allowed)
    centre = kept.astype(np.float64) if is_float(kept.dtype) else kept
    return ExpectedOutput(
        dtype=kept.dtype,
        reference=centre,
        rounded=kept,
        eager=None,
        centre=centre,
        budget=allowed,
        accepted=np.where(anything, ANY_KIND, kinds_of(kept)).astype(np.uint8),
        answers=(kept, np.where(anything, again, kept)),
        contested=int(anything.sum()),
    )
