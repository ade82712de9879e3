"""Which failures are one and the same to a reader: those that end alike, shown by the case that is worst."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from nnparity.matrix import BAD
from nnparity.outcome import Outcome, Verdict

Ending = tuple[str, ...]


def alike(outcomes: Iterable[Outcome]) -> Mapping[Ending, Sequence[Sequence[Outcome]]]:
    """Return the failures of each path that end alike, by how they end and by the case that is worst on the path."""
    by_path: dict[Ending, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.verdict in BAD:
            by_path.setdefault((*_end(outcome), outcome.path_id), []).append(outcome)
    by_case: dict[Ending, list[Sequence[Outcome]]] = {}
    for same in by_path.values():
        by_case.setdefault(ending(worst(same)), []).append(same)
    return {end: by_case[end] for end in sorted(by_case, key=lambda end: (end[0] != Verdict.FAIL.value, end))}


def ending(shown: Outcome) -> Ending:
    """Return what tells the failures that this outcome stands for from all others."""
    return (*_end(shown), shown.case, shown.detail)


def representative(paths: Iterable[Sequence[Outcome]]) -> Outcome:
    """Return the outcome that all failures of one ending are shown by."""
    return worst([worst(same) for same in sorted(paths, key=lambda same: same[0].path)])


def worst(same: Sequence[Outcome]) -> Outcome:
    """Return the outcome that is furthest beyond its budget; one that was compared before one that was not."""
    return max(same, key=lambda one: -1.0 if math.isnan(one.error_over_budget) else one.error_over_budget)


def _end(outcome: Outcome) -> Ending:
    end = (outcome.stage.value, outcome.status.value, outcome.component, outcome.known)
    return outcome.verdict.value, outcome.layer, *end
