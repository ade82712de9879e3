"""Every layer against every runtime, in Markdown: one table for each root."""

from __future__ import annotations

from collections.abc import Mapping

from nnparity.matrix import Standing, best, goals, matrix, tried
from nnparity.pages import Recorded, Section


def keeps(recorded: Recorded) -> Mapping[str, object]:
    """Return by root the runtimes and, for each layer, what the best route to each of them comes to."""
    table = matrix(recorded.outcomes, recorded.facts)
    ran = tried(table)
    shown = [goal for goal in goals(table) if ran.intersection(goal.paths)]
    roots = []
    for title in dict.fromkeys(goal.root_title for goal in shown):
        columns = [goal for goal in shown if goal.root_title == title]
        rows = []
        for layer in table.layers:
            cells = [(best(table, layer, goal), len(goal.paths)) for goal in columns]
            rows.append([layer, [found.glyph if of == n else f"{found.glyph} {n}/{of}" for (found, n), of in cells]])
        roots.append({
            "title": title,
            "columns": [[goal.title, goal.runtime.split("_")] for goal in columns],
            "rows": rows,
        })
    return {"legend": [[one.glyph, one.word] for one in Standing], "roots": roots}


SECTION = Section(
    name="published_matrix",
    order=20,
    title="Layers on runtimes",
    context=keeps,
    html="",
    markdown="published_matrix.published.jinja",
    keeps=keeps,
    published="published_matrix.published.jinja",
)
