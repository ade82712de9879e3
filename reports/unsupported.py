"""What a component declares that it does not handle, in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnparity.facts import Facts
from nnparity.outcome import Outcome, Verdict
from nnparity.report import Section


def context(outcomes: Sequence[Outcome], facts: Facts) -> Mapping[str, object]:
    told: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.verdict is Verdict.UNSUPPORTED:
            component = outcome.component or outcome.path[-1]
            told.setdefault((component, outcome.detail.strip()), []).append(outcome)
    return {
        "entries": [
            {
                "component": component,
                "words": words or "it gives no reason",
                "count": len(told[component, words]),
                "layers": sorted({outcome.layer for outcome in told[component, words]}),
            }
            for component, words in sorted(told)
        ],
        "count": sum(len(same) for same in told.values()),
        "total": len(outcomes),
    }


SECTION = Section(
    name="unsupported",
    order=60,
    title="Unsupported",
    context=context,
    html="unsupported.html.jinja",
    markdown="unsupported.md.jinja",
)
