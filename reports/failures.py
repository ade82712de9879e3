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
    grouped: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.verdict in BAD:
            grouped.setdefault(_kind(outcome), []).append(outcome)
    in_order = sorted(grouped.items(), key=lambda item: (item[0][0] != Verdict.FAIL.value, item[0]))
    failures = [_failure(same) for _, same in in_order]
    failing = [outcome for outcome in outcomes if outcome.verdict in BAD]
    return {
        "failures": failures,
        "new": sum(1 for outcome in failing if outcome.verdict is Verdict.FAIL),
        "stale": sum(1 for outcome in failing if outcome.verdict is Verdict.XPASS),
        "total": len(outcomes),
    }


def _kind(outcome: Outcome) -> tuple[str, ...]:
    """Return what makes two failures one entry: they stop in the same way at the same place."""
    return (
        outcome.verdict.value,
        outcome.layer,
        outcome.path_id,
        outcome.stage.value,
        outcome.status.value,
        outcome.component,
        outcome.known,
    )


def _failure(same: Sequence[Outcome]) -> dict[str, object]:
    """Return the entry, shown by the case whose error is greatest."""
    shown = max(same, key=lambda one: -1.0 if math.isnan(one.error_over_budget) else one.error_over_budget)
    return {
        "outcome": shown,
        "headline": headline(shown),
        "compared": not math.isnan(shown.error_over_budget),
        "config": canonical(dict(shown.config)),
        "open_axes": ", ".join(shown.open_axes),
        "reproduce": shown.reproduce or f"nnparity reproduce '{shown.case}@{shown.path_id}'",
        "others": [one.case for one in same if one is not shown],
    }


SECTION = Section(
    name="failures",
    order=30,
    title="Failures",
    context=context,
    html="failures.html.jinja",
    markdown="failures.md.jinja",
)
