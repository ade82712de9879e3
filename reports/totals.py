"""How many checks matched, of how many, and what became of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnparity.matrix import Standing, Tally, matrix
from nnparity.pages import Recorded, Section

MEANINGS = {
    Standing.MATCHED: "within the rounding budget, names, shapes, dtypes and NaN places equal",
    Standing.KNOWN: "a recorded divergence, at the recorded stage and status",
    Standing.ALLOWED: "a recorded divergence that a specification leaves open, or asks for; it is quoted",
    Standing.UNSUPPORTED: "the tool itself says that it does not handle this",
    Standing.FAILED: "differs, crashes or stops, and nothing recorded explains it",
    Standing.NOT_RUN: "drawn, but its environment is missing or it was stopped",
}


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes, facts = recorded.outcomes, recorded.facts
    table = matrix(outcomes, facts)
    tally = Tally.of(outcomes)
    return {
        "tally": tally,
        "shares": _shares(tally),
        "layers": len(table.layers),
        "paths": len(table.paths),
        "cases": len({outcome.case for outcome in outcomes}),
        "cells": len(table.cells),
        "empty": len(table.empty),
    }


def keeps(recorded: Recorded) -> Mapping[str, object]:
    told = context(recorded)
    shares = [
        [one["standing"].glyph, one["standing"].word, one["count"], one["percent"], one["meaning"]]
        for one in _shares(Tally.of(recorded.outcomes))
    ]
    names = ("layers", "paths", "cases", "cells", "empty")
    return {**{name: told[name] for name in names}, "total": len(recorded.outcomes), "shares": shares}


def _shares(tally: Tally) -> list[dict[str, Any]]:
    return [
        {
            "standing": standing,
            "count": count,
            "percent": f"{100 * count / tally.total:.2f}" if tally.total else "0",
            "meaning": MEANINGS[standing],
        }
        for standing, count in _counts(tally).items()
    ]


def _counts(tally: Tally) -> Mapping[Standing, int]:
    return {
        Standing.MATCHED: tally.matched,
        Standing.KNOWN: tally.known,
        Standing.ALLOWED: tally.allowed,
        Standing.UNSUPPORTED: tally.unsupported,
        Standing.FAILED: tally.failed,
        Standing.NOT_RUN: tally.not_run,
    }


SECTION = Section(
    name="totals",
    order=10,
    title="Totals",
    context=context,
    html="totals.html.jinja",
    markdown="totals.md.jinja",
    keeps=keeps,
    published="totals.published.jinja",
)
