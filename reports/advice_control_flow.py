"""Advice, measured: stay representable, avoid branches and loops that depend on data."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nnparity.contracts import Family
from nnparity.figures import Path, layers_with, middle, operators, ran
from nnparity.matrix import Cell
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Page, Recorded, Section

Cells = Mapping[tuple[str, Path], Cell]


def context(recorded: Recorded) -> Mapping[str, object]:
    cells = _cells(recorded.outcomes)
    rows, paths = [], []
    for root in sorted({path[0] for _, path in cells}):
        branching = layers_with(Family.CONTROL_FLOW.value, root, recorded.outcomes, recorded.facts)
        for label, wanted in (("with", True), ("without", False)):
            chosen = {key: cell for key, cell in cells.items() if key[1][0] == root and (key[0] in branching) is wanted}
            if chosen:
                rows.append({"root": recorded.facts.title(root), "label": label, **_row(chosen)})
        for path in sorted({path for _, path in cells if path[0] == root}):
            tried = [cells[layer, path] for layer in sorted(branching) if (layer, path) in cells]
            if tried:
                taken = [cell for cell in tried if ran(cell.outcomes)]
                paths.append({"path": path, "layers": len(tried), "taken": len(taken)})
    return {"rows": rows, "paths": paths}


def _cells(outcomes: Collection[Outcome]) -> dict[tuple[str, Path], Cell]:
    """Return every layer on every path with a conversion, as far as something was tried."""
    found: dict[tuple[str, Path], list[Outcome]] = {}
    for one in outcomes:
        if len(one.path) > 2 and one.verdict is not Verdict.NOT_RUN:
            found.setdefault((one.layer, one.path), []).append(one)
    return {key: Cell(*key, found[key]) for key in sorted(found)}


def _row(cells: Cells) -> dict[str, object]:
    growth = []
    for (_, path), cell in cells.items():
        before, after = operators(cell.outcomes, path[0]), operators(cell.outcomes, path[-2])
        if before and after is not None:
            growth.append(after / before)
    return {
        "layers": len({layer for layer, _ in cells}),
        "pairs": len(cells),
        "taken": sum(ran(cell.outcomes) for cell in cells.values()),
        "matched": sum(cell.tally.matched == cell.tally.total for cell in cells.values()),
        "growth": middle(growth),
    }


PAGE = Page(name="advice", order=35, title="Advice, measured", file="advice.html")
SECTION = Section(
    name="advice_control_flow",
    order=10,
    title="Avoid branches and loops",
    context=context,
    html="advice_control_flow.html.jinja",
    markdown="",
    pages=("advice",),
    keeps=context,
    published="advice_control_flow.published.jinja",
)
