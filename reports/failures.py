"""What nothing recorded explains, with the command that repeats it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from nnparity.facts import Facts
from nnparity.junit import headline
from nnparity.matrix import BAD
from nnparity.merging import canonical
from nnparity.outcome import Outcome, Verdict
from nnparity.report import Section


def context(outcomes: Sequence[Outcome], facts: Facts) -> Mapping[str, object]:
    failing = [outcome for outcome in outcomes if outcome.verdict in BAD]
    by_path: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in failing:
        by_path.setdefault((*_end(outcome), outcome.path_id), []).append(outcome)
    by_case: dict[tuple[str, ...], list[Sequence[Outcome]]] = {}
    for same in by_path.values():
        shown = _worst(same)
        by_case.setdefault((*_end(shown), shown.case, shown.detail), []).append(same)
    in_order = sorted(by_case, key=lambda end: (end[0] != Verdict.FAIL.value, end))
    return {
        "failures": [_failure(by_case[end]) for end in in_order],
        "new": sum(1 for outcome in failing if outcome.verdict is Verdict.FAIL),
        "stale": sum(1 for outcome in failing if outcome.verdict is Verdict.XPASS),
        "total": len(outcomes),
    }


def _end(outcome: Outcome) -> tuple[str, ...]:
    """Return what failures of one entry share: how and where they end."""
    end = (outcome.stage.value, outcome.status.value, outcome.component, outcome.known)
    return outcome.verdict.value, outcome.layer, *end


def _worst(same: Sequence[Outcome]) -> Outcome:
    return max(same, key=lambda one: -1.0 if math.isnan(one.error_over_budget) else one.error_over_budget)


def _failure(paths: Sequence[Sequence[Outcome]]) -> dict[str, object]:
    """Return the entry of failures that end alike, shown by the one case that is worst on each of their paths."""
    worst = [_worst(same) for same in paths]
    shown = _worst(worst)
    return {
        "outcome": shown,
        "headline": headline(shown),
        "compared": not math.isnan(shown.error_over_budget),
        "config": canonical(dict(shown.config)),
        "open_axes": ", ".join(shown.open_axes),
        "paths": [one.path for one in worst],
        "reproduce": "\n".join(one.reproduce or f"nnparity reproduce '{one.case}@{one.path_id}'" for one in worst),
        "others": sorted({one.case for same in paths for one in same} - {shown.case}),
    }


SECTION = Section(
    name="failures",
    order=30,
    title="Failures",
    context=context,
    html="failures.html.jinja",
    markdown="failures.md.jinja",
)
