"""Where a layer can go from each root: every runtime with what it is given, and what its best routes come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from nnparity.matrix import Goal, Matrix, Standing, best, goals, matrix, short
from nnparity.pages import Recorded, Section

SHOWN = (
    Standing.MATCHED, Standing.PARTLY, Standing.ALLOWED, Standing.KNOWN, Standing.FAILED, Standing.UNSUPPORTED,
    Standing.NOT_RUN,
)  # fmt: skip


def context(recorded: Recorded) -> Mapping[str, object]:
    table = matrix(recorded.outcomes, recorded.facts)
    ran = {path for (_, path), cell in table.cells.items() if cell.outcomes}
    rows = [_row(table, goal) for goal in goals(table) if ran.intersection(goal.paths)]
    return {
        "layers": len(table.layers),
        "standings": [[one.css, one.glyph, one.word] for one in SHOWN],
        "roots": [
            {"title": title, "rows": [row for row in rows if row["root"] == title]}
            for title in dict.fromkeys(str(row["root"]) for row in rows)
        ],
        "not_run": sorted({goal.runtime for goal in goals(table) if not ran.intersection(goal.paths)}),
    }


def _row(table: Matrix, goal: Goal) -> dict[str, object]:
    counted = Counter(best(table, layer, goal)[0] for layer in table.layers)
    return {
        "root": goal.root_title,
        "given": goal.title,
        "runtime": goal.runtime,
        "routes": len(goal.paths),
        "counts": [counted[standing] for standing in SHOWN],
        "route": short(max(goal.paths, key=lambda path: (_matched(table, path), -len(path), path))),
    }


def _matched(table: Matrix, path: tuple[str, ...]) -> int:
    return sum(table.cells[layer, path].tally.standing is Standing.MATCHED for layer in table.layers)


SECTION = Section(
    name="runtimes",
    order=19,
    title="Which runtime takes what",
    context=context,
    html="runtimes.html.jinja",
    markdown="",
    keeps=context,
    published="runtimes.published.jinja",
)
