"""Every layer on every path in one table; each cell leads to its account on the layer's page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from nnparity.facts import Facts
from nnparity.matrix import Cell, Matrix, Standing, Tally, best_route, goals, matrix, short, tried
from nnparity.pages import Recorded, Section, fingerprint

# A table with more paths opens with one for each runtime.
MANY = 60
# A cell is as wide as "12/12"; longer words break where they may.
SHORT_WORDS = {Standing.PARTLY: "partly", Standing.UNSUPPORTED: "unsup\N{SOFT HYPHEN}ported"}


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes, facts = recorded.outcomes, recorded.facts
    table = matrix(outcomes, facts)
    group_starts = {group.paths[0] for group in table.groups}
    anchors = {path: f"p{fingerprint('>'.join(path))}" for path in table.paths}
    ran = tried(table)
    shortlist = {best_route(table, goal) for goal in goals(table)} & ran
    standings = {cell.tally.standing for cell in table.cells.values()}
    return {
        "standings": [standing for standing in Standing if standing in standings],
        "roots": _roots(table),
        "groups": _groups(table),
        "columns": [
            {
                "id": ">".join(path),
                "words": f"{facts.title(path[0])} {group.title} {' '.join(path)}",
                "steps": path[1:] or path,
                "anchor": anchors[path],
                "best": path in shortlist,
                "starts_group": path in group_starts,
            }
            for group in table.groups
            for path in group.paths
        ],
        "shortlist": len(shortlist) if len(shortlist) < len(table.paths) else 0,
        "many": len(table.paths) > MANY,
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


def _row(
    table: Matrix,
    layer: str,
    facts: Facts,
    group_starts: set[tuple[str, ...]],
) -> dict[str, object]:
    cells = table.row(layer)
    return {
        "layer": layer,
        "catches": facts.layers[layer].catches,
        "tally": Tally.of(outcome for cell in cells for outcome in cell.outcomes),
        "cells": [_cell(cell, starts_group=cell.path in group_starts) for cell in cells],
    }


def _cell(cell: Cell, *, starts_group: bool) -> dict[str, object]:
    tally = cell.tally
    return {
        "tally": tally,
        "standing": tally.standing,
        "word": SHORT_WORDS.get(tally.standing, tally.standing.word),
        "starts_group": starts_group,
    }


SECTION = Section(
    name="matrix",
    order=20,
    title="Layers on paths",
    context=context,
    html="matrix.html.jinja",
    markdown="",
)
