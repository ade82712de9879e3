"""Totals by root, and by the representation that the runtime is given."""

from __future__ import annotations

from collections.abc import Mapping

from nnparity.matrix import Tally, matrix
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    table = matrix(recorded.outcomes, recorded.facts)
    rows = []
    for group in table.groups:
        cells = [table.cells[layer, path] for path in group.paths for layer in table.layers]
        tally = Tally.of(outcome for cell in cells for outcome in cell.outcomes)
        rows.append({"group": group, "tally": tally, "empty": sum(1 for cell in cells if not cell.outcomes)})
    return {"groups": rows}


SECTION = Section(
    name="representations",
    order=24,
    title="By representation",
    context=context,
    html="representations.html.jinja",
    markdown="representations.md.jinja",
)
