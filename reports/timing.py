"""What conversions and runs took on the machine of this run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from nnparity.facts import Facts
from nnparity.merging import canonical
from nnparity.outcome import Outcome
from nnparity.report import Section


def context(outcomes: Sequence[Outcome], facts: Facts) -> Mapping[str, object]:
    made: dict[str, dict[tuple[object, ...], float]] = {}
    runs: dict[str, list[float]] = {}
    for outcome in outcomes:
        model = (outcome.layer, canonical(dict(outcome.config)), outcome.open_axes)
        for index, step in enumerate(outcome.path):
            seconds = outcome.seconds.get(step)
            if isinstance(seconds, (int, float)) and math.isfinite(seconds):
                artifact = (*model, outcome.path[: index + 1])
                timed = made.setdefault(step, {})
                timed[artifact] = min(seconds, timed.get(artifact, math.inf))
        if math.isfinite(outcome.run_microseconds):
            runs.setdefault(outcome.path[-1], []).append(outcome.run_microseconds)
    return {
        "conversions": facts.conversions,
        "steps": [
            {
                "name": step,
                "kind": facts.step(step).kind or "step",
                "models": len(made.get(step, {})),
                "seconds": median(made[step].values()) if step in made else math.nan,
                "runs": len(runs.get(step, ())),
                "microseconds": median(runs[step]) if step in runs else math.nan,
            }
            for step in sorted({*made, *runs}, key=lambda step: (_rank(facts.step(step).kind), step))
        ],
    }


def _rank(kind: str) -> int:
    return ("root", "conversion", "runtime", kind).index(kind)


SECTION = Section(
    name="timing",
    order=90,
    title="Timing",
    context=context,
    html="timing.html.jinja",
    markdown="timing.md.jinja",
)
