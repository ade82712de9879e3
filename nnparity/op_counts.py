"""Operator counts: totals, common families, and what changed between two representations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from nnparity.contracts import Family, Representation
from nnparity.outcome import Outcome

Counts = Mapping[str, int]

UNCLAIMED = "no family"
STYLES = {family.value: f"family-{number}" for number, family in enumerate(Family)} | {UNCLAIMED: "family-none"}
"""How a family is named in the pages' style sheet."""


def total(counts: Counts) -> int:
    """Return the number of operators."""
    return sum(counts.values())


def by_family(counts: Counts, representation: Representation) -> dict[str, int]:
    """Return counts by family name. Raises KeyError for an operator that no family claims."""
    families: Counter[str] = Counter()
    for operator, count in counts.items():
        family = representation.family(operator)
        if family is None:
            raise KeyError(f"{representation.name}: no family claims the operator {operator!r}; add it to its table")
        families[family.value] += count
    return dict(families)


def changes(before: Counts, after: Counts) -> dict[str, int]:
    """Return, by operator, how many more `after` has; operators with no change are left out."""
    names = sorted({*before, *after})
    differences = {name: after.get(name, 0) - before.get(name, 0) for name in names}
    return {name: difference for name, difference in differences.items() if difference}


def unclaimed(
    outcomes: Iterable[Outcome], representation_of: Mapping[str, str], representations: Mapping[str, Representation]
) -> dict[str, set[str]]:
    """Return, by representation, the operators that came up and that no family claims.

    representation_of: step name to the representation whose operators the step counts.
    """
    missing: dict[str, set[str]] = {}
    for outcome in outcomes:
        for step, counts in outcome.op_counts.items():
            name = representation_of[step]
            lost = {operator for operator in counts if representations[name].family(operator) is None}
            if lost:
                missing.setdefault(name, set()).update(lost)
    return missing
