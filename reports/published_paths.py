"""Every path with all layers that do not simply match on it, in the committed report."""

from __future__ import annotations

from collections.abc import Mapping

from nnparity.matrix import Cell, Standing, Tally, matrix, short
from nnparity.pages import Recorded, Section


def keeps(recorded: Recorded) -> Mapping[str, object]:
    """Return by root and representation each path: checks that matched, of all, and its layers by what they come to."""
    table = matrix(recorded.outcomes, recorded.facts)
    groups = [
        {
            "root": group.root_title,
            "title": group.title,
            "paths": [_path(path, [table.cells[layer, path] for layer in table.layers]) for path in group.paths],
        }
        for group in table.groups
    ]
    return {"legend": [[one.glyph, one.word] for one in Standing], "layers": len(table.layers), "groups": groups}


def _path(path: tuple[str, ...], cells: list[Cell]) -> list[object]:
    by_standing: dict[Standing, list[str]] = {}
    for cell in cells:
        by_standing.setdefault(cell.tally.standing, []).append(cell.layer)
    tally = Tally.of(outcome for cell in cells for outcome in cell.outcomes)
    others = [[one.glyph, by_standing[one]] for one in Standing if one in by_standing and one is not Standing.MATCHED]
    return [short(path), len(by_standing.get(Standing.MATCHED, ())), tally.matched, tally.total, others]


def context(recorded: Recorded) -> Mapping[str, object]:
    return {}


SECTION = Section(
    name="published_paths",
    order=10,
    title="Every path",
    context=context,
    html="",
    markdown="",
    pages=("coverage",),
    keeps=keeps,
    published="published_paths.published.jinja",
)
