"""One layer on every path: what its checks came to, its greatest error and the first thing to know."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnparity.facts import Facts
from nnparity.junit import headline
from nnparity.matrix import Cell, Standing, matrix
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Recorded, Section

TOLD = (Verdict.FAIL, Verdict.XPASS, Verdict.XFAIL, Verdict.ALLOWED, Verdict.UNSUPPORTED, Verdict.NOT_RUN)


def context(recorded: Recorded) -> Mapping[str, object]:
    table = matrix(recorded.outcomes, recorded.facts)
    return {
        "groups": [
            {
                "root": group.root_title,
                "title": group.title,
                "cells": [_cell(table.cells[recorded.about, path], recorded.facts) for path in group.paths],
            }
            for group in table.groups
        ]
    }


def _cell(cell: Cell, facts: Facts) -> dict[str, object]:
    known = _known(cell, facts)
    return {
        "path": cell.path,
        "tally": cell.tally,
        "standing": cell.tally.standing,
        "worst": _worst(cell),
        "known": known,
        "remark": facts.known[known].reason if known else _remark(cell, facts),
    }


def _known(cell: Cell, facts: Facts) -> str:
    """Return the entry that a cell with nothing worse is known by, if the facts say what it is about."""
    if cell.tally.standing not in {Standing.KNOWN, Standing.ALLOWED}:
        return ""
    names = {one.known for one in cell.outcomes if one.known in facts.known and facts.known[one.known].reason}
    return min(names, default="")


def _worst(cell: Cell) -> Outcome | None:
    """Return the compared outcome with the greatest error, the first of equals."""
    compared = [one for one in cell.outcomes if not math.isnan(one.error_over_budget)]
    return max(compared, key=lambda one: one.error_over_budget, default=None)


def _remark(cell: Cell, facts: Facts) -> str:
    """Return the first thing that a reader of a cell that is not all matched wants to know."""
    if not cell.outcomes:
        return facts.why_not_run(cell.path)
    not_matched = (one for one in cell.outcomes if one.verdict in TOLD)
    first = min(not_matched, key=lambda one: TOLD.index(one.verdict), default=None)
    return headline(first) if first else ""


SECTION = Section(
    name="paths",
    order=20,
    title="On every path",
    context=context,
    html="layer_paths.html.jinja",
    markdown="",
    pages=("layer",),
)
