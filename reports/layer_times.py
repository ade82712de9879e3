"""What making and running one layer took on each path, on the machine of this run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from nnparity.matrix import Path, short
from nnparity.outcome import Outcome
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    by_path: dict[Path, list[Outcome]] = {}
    for outcome in recorded.outcomes:
        by_path.setdefault(outcome.path, []).append(outcome)
    rows = [_row(path, by_path[path]) for path in sorted(by_path)]
    return {"rows": [row for row in rows if row["models"] or row["runs"]]}


def _row(path: Path, outcomes: Sequence[Outcome]) -> dict[str, object]:
    made = [sum(seconds) for one in outcomes if (seconds := _seconds(one))]
    runs = [one.run_microseconds for one in outcomes if math.isfinite(one.run_microseconds)]
    return {
        "path": f"{path[0]}: {short(path)}",
        "models": len(made),
        "seconds": median(made) if made else math.nan,
        "runs": len(runs),
        "microseconds": median(runs) if runs else math.nan,
    }


def _seconds(outcome: Outcome) -> list[float]:
    """Return what each step after the root took, where all of them were timed."""
    times = [outcome.seconds.get(step) for step in outcome.path[1:]]
    timed = [time for time in times if isinstance(time, (int, float)) and math.isfinite(time)]
    return timed if len(timed) == len(times) else []


SECTION = Section(
    name="times",
    order=58,
    title="Times",
    context=context,
    html="layer_times.html.jinja",
    markdown="",
    pages=("layer",),
)
