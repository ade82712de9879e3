"""What conversions and runs took on the machine of this run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import median

from nnparity.merging import canonical
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes, facts = recorded.outcomes, recorded.facts
    made: dict[str, dict[tuple[object, ...], float]] = {}
    held: dict[str, list[int]] = {}
    runs: dict[str, list[float]] = {}
    configs: dict[int, str] = {}  # by identity: outcomes share their configs, and there are many times fewer
    for outcome in outcomes:
        if id(outcome.config) not in configs:
            configs[id(outcome.config)] = canonical(dict(outcome.config))
        model = (outcome.layer, configs[id(outcome.config)], outcome.open_axes)
        for index, step in enumerate(outcome.path):
            if recorded.page == "component" and step != recorded.about:
                continue
            if isinstance(outcome.megabytes.get(step), int):
                held.setdefault(step, []).append(outcome.megabytes[step])
            seconds = outcome.seconds.get(step)
            if isinstance(seconds, (int, float)) and math.isfinite(seconds):
                artifact = (*model, outcome.path[: index + 1])
                timed = made.setdefault(step, {})
                timed[artifact] = min(seconds, timed.get(artifact, math.inf))
        if math.isfinite(outcome.run_microseconds):
            runs.setdefault(outcome.path[-1], []).append(outcome.run_microseconds)
    return {
        "conversions": {} if recorded.about else facts.conversions,
        "steps": [
            {
                "name": step,
                "kind": facts.step(step).kind or "step",
                "models": len(made.get(step, {})),
                "seconds": median(made[step].values()) if step in made else math.nan,
                "megabytes": median(held[step]) if step in held else math.nan,
                "runs": len(runs.get(step, ())),
                "microseconds": median(runs[step]) if step in runs else math.nan,
            }
            for step in sorted({*made, *runs}, key=lambda step: (_rank(facts.step(step).kind), step))
            if recorded.page != "component" or step == recorded.about
        ],
    }


def _rank(kind: str) -> int:
    return ("root", "conversion", "runtime", kind).index(kind)


SECTION = Section(
    name="timing",
    order=90,
    title="Timing",
    pages=("machine", "component"),
    context=context,
    html="timing.html.jinja",
    markdown="timing.md.jinja",
)
