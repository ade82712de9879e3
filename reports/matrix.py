"""Every layer on every path in one table, and each cell's account below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from nnparity.facts import Facts
from nnparity.junit import headline
from nnparity.matrix import Cell, Matrix, Standing, Tally, matrix, short
from nnparity.outcome import Outcome, Verdict
from nnparity.report import Section

# A cell is as wide as "12/12"; longer words break where they may.
SHORT_WORDS = {Standing.PARTLY: "partly", Standing.UNSUPPORTED: "unsup\N{SOFT HYPHEN}ported"}


def context(outcomes: Sequence[Outcome], facts: Facts) -> Mapping[str, object]:
    table = matrix(outcomes, facts)
    group_starts = {group.paths[0] for group in table.groups}
    return {
        "standings": list(Standing),
        "roots": _roots(table),
        "groups": _groups(table),
        "columns": [
            {"id": ">".join(path), "steps": path[1:] or path, "starts_group": path in group_starts}
            for path in table.paths
        ],
        "rows": [_row(table, layer, facts, group_starts) for layer in table.layers],
    }


def _roots(table: Matrix) -> list[dict[str, object]]:
    roots: list[dict[str, object]] = []
    start = 0
    for title, groups in groupby(table.groups, key=lambda group: group.root_title):
        span = sum(len(group.paths) for group in groups)
        roots.append({"title": title, "start": start, "span": span})
        start += span
    return roots


def _groups(table: Matrix) -> list[dict[str, object]]:
    groups: list[dict[str, object]] = []
    start = 0
    for group in table.groups:
        groups.append({
            "title": group.title,
            "root": group.root_title,
            "start": start,
            "span": len(group.paths),
            "columns": [short(path) for path in group.paths],
            "rows": [(layer, [table.cells[layer, path].tally for path in group.paths]) for layer in table.layers],
        })
        start += len(group.paths)
    return groups


def _row(table: Matrix, layer: str, facts: Facts, group_starts: set[tuple[str, ...]]) -> dict[str, object]:
    cells = table.row(layer)
    said = facts.layers.get(layer)
    return {
        "layer": layer,
        "source": said.source if said else "",
        "catches": said.catches if said else "",
        "tally": Tally.of(outcome for cell in cells for outcome in cell.outcomes),
        "cells": [_cell(cell, facts, starts_group=cell.path in group_starts) for cell in cells],
    }


def _cell(cell: Cell, facts: Facts, *, starts_group: bool) -> dict[str, object]:
    tally = cell.tally
    return {
        "path": ">".join(cell.path),
        "tally": tally,
        "standing": tally.standing,
        "word": SHORT_WORDS.get(tally.standing, tally.standing.word),
        "starts_group": starts_group,
        "worst_error": cell.worst_error,
        "remark": _remark(cell, facts),
    }


def _remark(cell: Cell, facts: Facts) -> str:
    """Return the first thing that a reader of a cell that is not all matched wants to know."""
    if not cell.outcomes:
        return facts.why_not_run(cell.path)
    order = (Verdict.FAIL, Verdict.XPASS, Verdict.XFAIL, Verdict.ALLOWED, Verdict.UNSUPPORTED, Verdict.NOT_RUN)
    told = sorted((one for one in cell.outcomes if one.verdict in order), key=lambda one: order.index(one.verdict))
    return headline(told[0]) if told else ""


SECTION = Section(
    name="matrix",
    order=20,
    title="Layers on paths",
    context=context,
    html="matrix.html.jinja",
    markdown="matrix.md.jinja",
)
