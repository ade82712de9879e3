"""Every path with all layers that do not simply match on it, in the committed report."""

from __future__ import annotations

import string
from collections.abc import Mapping

from nnparity.matrix import Cell, Standing, Tally, matrix, short
from nnparity.pages import Recorded, Section

# One letter for each layer and path keeps the record small.
LETTERS = dict(zip(Standing, string.ascii_lowercase, strict=False))


def keeps(recorded: Recorded) -> Mapping[str, object]:
    """Return by root and representation each path: checks that matched, of all, and a letter for each layer."""
    table = matrix(recorded.outcomes, recorded.facts)
    groups = [
        {
            "root": group.root_title,
            "title": group.title,
            "paths": [_path(path, [table.cells[layer, path] for layer in table.layers]) for path in group.paths],
        }
        for group in table.groups
    ]
    legend = [[LETTERS[one], one.glyph, one.word] for one in Standing]
    return {"legend": legend, "matched": LETTERS[Standing.MATCHED], "layers": table.layers, "groups": groups}


def _path(path: tuple[str, ...], cells: list[Cell]) -> list[object]:
    letters = "".join(LETTERS[cell.tally.standing] for cell in cells)
    tally = Tally.of(outcome for cell in cells for outcome in cell.outcomes)
    return [short(path), tally.matched, tally.total, letters]


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
