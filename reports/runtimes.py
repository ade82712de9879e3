"""Where a layer can go from each root: every runtime with what it is given, and what its best routes come to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nnparity.matrix import Goal, Matrix, Standing, best, best_route, goals, matrix, short, tried
from nnparity.pages import Recorded, Section

SHOWN = (
    Standing.MATCHED, Standing.PARTLY, Standing.ALLOWED, Standing.KNOWN, Standing.FAILED, Standing.UNSUPPORTED,
    Standing.NOT_RUN,
)  # fmt: skip


def context(recorded: Recorded) -> Mapping[str, object]:
    table = matrix(recorded.outcomes, recorded.facts)
    ran = tried(table)
    rows = [_row(table, goal) for goal in goals(table) if ran.intersection(goal.paths)]
    return {
        "layers": len(table.layers),
        "standings": [[one.css, one.glyph, one.word] for one in SHOWN],
        "roots": [
            {"title": title, "rows": [row for row in rows if row["root"] == title], "top": _top(rows, title)}
            for title in dict.fromkeys(row["root"] for row in rows)
        ],
        "not_run": sorted({goal.runtime for goal in goals(table) if not ran.intersection(goal.paths)}),
    }


def _top(rows: Sequence[Mapping[str, Any]], root: str) -> list[dict[str, object]]:
    """Return the three runtimes that match most layers, but for the root's own and those of quantised models.

    A quantised model is held to what it says itself, not to the layer.
    """
    others = [row for row in rows if row["root"] == root and row["given"] != root and not row["quantised"]]
    others.sort(key=lambda row: (-row["counts"][0], row["runtime"], row["given"]))
    return [{"given": row["given"], "runtime": row["runtime"], "matched": row["counts"][0]} for row in others[:3]]


def _row(table: Matrix, goal: Goal) -> dict[str, Any]:
    counted = Counter(best(table, layer, goal)[0] for layer in table.layers)
    return {
        "root": goal.root_title,
        "given": goal.title,
        "runtime": goal.runtime,
        "routes": len(goal.paths),
        "counts": [counted[standing] for standing in SHOWN],
        "quantised": any(
            not math.isnan(one.accuracy_loss)
            for path in goal.paths
            for layer in table.layers
            for one in table.cells[layer, path].outcomes
        ),
        "route": short(best_route(table, goal)),
    }


def kept(recorded: Recorded) -> Mapping[str, object]:
    """Return the context, and by runtime what the route that matches most layers comes to from each root."""
    found = context(recorded)
    roots: Any = found["roots"]
    most: dict[str, dict[str, Any]] = {}
    for root in roots:
        for row in root["rows"]:
            of_root = most.setdefault(row["runtime"], {})
            before = of_root.get(root["title"])
            if before is None or row["counts"][0] > before["matched"]:
                of_root[root["title"]] = {
                    "matched": row["counts"][0],
                    "in_part": sum(row["counts"][1:3]),
                    "not_run": row["counts"][SHOWN.index(Standing.NOT_RUN)],
                    "given": row["given"],
                }
    return {**found, "most": dict(sorted(most.items()))}


SECTION = Section(
    name="runtimes",
    order=14,
    title="Which runtime takes what",
    context=context,
    html="runtimes.html.jinja",
    markdown="",
    keeps=kept,
    published="runtimes.published.jinja",
    excerpt="runtimes.excerpt.jinja",
)
