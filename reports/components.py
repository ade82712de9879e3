"""Every root, conversion and runtime in one table, with what the checks through it came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnparity.matrix import Tally
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, Any]:
    facts = recorded.facts
    by_step: dict[str, list[Outcome]] = {step: [] for path in facts.paths for step in path}
    declined: dict[str, set[str]] = {step: set() for step in by_step}
    for outcome in recorded.outcomes:
        for step in dict.fromkeys(outcome.path):
            by_step[step].append(outcome)
        if outcome.verdict is Verdict.UNSUPPORTED:
            declined.setdefault(outcome.component or outcome.path[-1], set()).add(outcome.layer)
    return {
        "rows": [
            {
                "step": facts.step(name),
                "title": facts.title(name),
                "tally": Tally.of(by_step[name]),
                "declines": len(declined[name]),
                "layers": len({outcome.layer for outcome in by_step[name]}),
            }
            for name in sorted(by_step, key=lambda name: (_rank(facts.step(name).kind), name))
        ]
    }


def keeps(recorded: Recorded) -> Mapping[str, object]:
    """Return each component's kind and representation, and how many of its checks came to what."""
    kept = []
    for row in context(recorded)["rows"]:
        step, tally = row["step"], row["tally"]
        counts = [
            tally.matched,
            tally.total,
            tally.known,
            tally.allowed,
            tally.unsupported,
            tally.failed,
            tally.not_run,
        ]
        kept.append([step.name, step.kind, row["title"], row["layers"], row["declines"], counts])
    return {"rows": kept}


def _rank(kind: str) -> int:
    return ("root", "conversion", "runtime", kind).index(kind)


SECTION = Section(
    name="components",
    order=25,
    title="Roots, conversions and runtimes",
    context=context,
    html="components.html.jinja",
    markdown="components.md.jinja",
    keeps=keeps,
    published="components.published.jinja",
)
