"""What did not run at all, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from nnparity.matrix import matrix
from nnparity.outcome import Verdict
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes, facts = recorded.outcomes, recorded.facts
    table = matrix(outcomes, facts)
    stopped = Counter(
        (outcome.component or outcome.path[-1], outcome.detail.strip() or "no reason was recorded")
        for outcome in outcomes
        if outcome.verdict is Verdict.NOT_RUN
    )
    without_reason = [cell for cell in table.empty if not any(step in facts.not_run for step in cell.path)]
    return {
        "components": [
            {
                "name": name,
                "reason": reason,
                "cells": sum(1 for cell in table.empty if name in cell.path),
            }
            for name, reason in facts.not_run.items()
        ],
        "stopped": [{"name": name, "reason": reason, "count": n} for (name, reason), n in sorted(stopped.items())],
        "checks": sum(stopped.values()),
        "total": len(outcomes),
        "without_reason": len(without_reason),
        "empty": len(table.empty),
        "cells": len(table.cells),
    }


SECTION = Section(
    name="not_run",
    order=70,
    title="Not run",
    pages=("coverage",),
    context=context,
    html="not_run.html.jinja",
    markdown="not_run.md.jinja",
)
