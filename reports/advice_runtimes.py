"""Advice, measured: the runtime decides the speed."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnparity.figures import ByPath, Model, Path, by_model, microseconds, middle
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    timed = {model: _timed(paths) for model, paths in by_model(recorded.outcomes).items()}
    best: dict[str, tuple[Model, dict[Path, float]]] = {}
    for model, times in timed.items():
        # Of each layer the model that most paths ran; of equals, the one that is written shortest.
        rank = (len(times), -len(model.config), model.config)
        kept = best.get(model.layer)
        if len(times) > 1 and (kept is None or rank > (len(kept[1]), -len(kept[0].config), kept[0].config)):
            best[model.layer] = (model, times)
    relative: dict[str, list[float]] = {}
    spreads = []
    for _, times in best.values():
        fastest = min(times.values())
        spreads.append(max(times.values()) / fastest)
        by_runtime: dict[str, list[float]] = {}
        for path, time in times.items():
            by_runtime.setdefault(path[-1], []).append(time / fastest)
        for runtime, ratios in by_runtime.items():
            relative.setdefault(runtime, []).append(middle(ratios))
    rows = [{"runtime": name, "layers": len(ratios), "times": middle(ratios)} for name, ratios in relative.items()]
    return {
        "rows": sorted(rows, key=lambda row: (row["times"], row["runtime"])),
        "layers": len(best),
        "spread": middle(spreads),
        "widest": max(spreads, default=math.nan),
    }


def _timed(paths: ByPath) -> dict[Path, float]:
    times = {path: microseconds(outcomes) for path, outcomes in paths.items()}
    return {path: time for path, time in times.items() if time > 0}


SECTION = Section(
    name="advice_runtimes",
    order=40,
    title="The runtime decides the speed",
    context=context,
    html="advice_runtimes.html.jinja",
    markdown="",
    pages=("advice",),
    keeps=context,
    published="advice_runtimes.published.jinja",
)
