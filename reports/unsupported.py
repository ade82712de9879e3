"""What a component declares that it does not handle, in its own words."""

from __future__ import annotations

from collections.abc import Mapping

from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Page, Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes = recorded.outcomes
    told: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.verdict is Verdict.UNSUPPORTED:
            component = outcome.component or outcome.path[-1]
            if recorded.page == "component" and component != recorded.about:
                continue
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
        "own": recorded.page == "component",
        "count": sum(len(same) for same in told.values()),
        "total": len(outcomes),
    }


PAGE = Page(name="coverage", order=30, title="Coverage", file="coverage.html")
SECTION = Section(
    name="unsupported",
    order=60,
    title="Unsupported",
    pages=("coverage", "layer", "component"),
    context=context,
    html="unsupported.html.jinja",
    markdown="unsupported.md.jinja",
)
