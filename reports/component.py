"""A page about each root, conversion and runtime: what it is and what it does to each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnparity.facts import EnvironmentFacts, Facts
from nnparity.matrix import Tally
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Page, Recorded, Section, Subjects


def subjects(outcomes: Sequence[Outcome], facts: Facts) -> Subjects:
    """Return the outcomes of every step's paths."""
    by_step: dict[str, list[Outcome]] = {step: [] for path in facts.paths for step in path}
    for outcome in outcomes:
        for step in dict.fromkeys(outcome.path):
            by_step[step].append(outcome)
    return dict(sorted(by_step.items()))


def context(recorded: Recorded) -> Mapping[str, object]:
    facts, name = recorded.facts, recorded.about
    by_layer: dict[str, list[Outcome]] = {layer: [] for layer in sorted(facts.layers)}
    for outcome in recorded.outcomes:
        by_layer[outcome.layer].append(outcome)
    rows = [_row(layer, by_layer[layer], name) for layer in by_layer]
    step = facts.step(name)
    given = sorted({facts.title(path[path.index(name) - 1]) for path in facts.paths if name in path[1:]})
    return {
        "step": step,
        "given": given,
        "environment": facts.environments.get(step.environment, EnvironmentFacts({}, ())),
        "not_run": facts.not_run.get(name, ""),
        "tally": Tally.of(recorded.outcomes),
        "rows": rows,
        "checked": sum(1 for layer in by_layer if by_layer[layer]),
        "declining": sum(1 for row in rows if row["declined"]),
        "paths": [path for path in facts.paths if name in path],
    }


def _row(layer: str, outcomes: Sequence[Outcome], name: str) -> dict[str, object]:
    declined = [
        one for one in outcomes if one.verdict is Verdict.UNSUPPORTED and (one.component or one.path[-1]) == name
    ]
    return {"layer": layer, "tally": Tally.of(outcomes), "declined": len(declined)}


PAGE = Page(name="component", order=70, title="Component", file="components/{}.html", subjects=subjects)
SECTION = Section(
    name="component",
    order=10,
    title="What it does to each layer",
    context=context,
    html="component.html.jinja",
    markdown="",
    pages=("component",),
)
