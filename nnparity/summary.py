"""Writes what a run came to as JSON, for other programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nnparity.facts import Facts
from nnparity.matrix import BAD, Cell, Tally, matrix
from nnparity.merging import canonical
from nnparity.outcome import Outcome

SCHEMA = "nnparity-summary/1"


def summary(outcomes: Sequence[Outcome], facts: Facts) -> str:
    """Return totals, tallies by layer and by path, failures and known divergences seen, as JSON text."""
    table = matrix(outcomes, facts)
    by_path = {path: [table.cells[layer, path] for layer in table.layers] for path in table.paths}
    record = {
        "schema": SCHEMA,
        "nnparity": facts.nnparity,
        "profile": facts.profile,
        "seed": facts.seed,
        "checks": _tally(outcomes),
        "cells": {"total": len(table.cells), "without_outcome": len(table.empty)},
        "layers": {layer: _cells(table.row(layer)) for layer in table.layers},
        "paths": {">".join(path): _cells(cells) for path, cells in by_path.items()},
        "known_seen": dict(sorted(Counter(outcome.known for outcome in outcomes if outcome.known).items())),
        "failures": [_failure(outcome) for outcome in outcomes if outcome.verdict in BAD],
    }
    return json.dumps(record, indent=1) + "\n"


def _cells(cells: Sequence[Cell]) -> Mapping[str, int]:
    outcomes = [outcome for cell in cells for outcome in cell.outcomes]
    return {**_tally(outcomes), "cells_without_outcome": sum(1 for cell in cells if not cell.outcomes)}


def _tally(outcomes: Iterable[Outcome]) -> dict[str, int]:
    tally = Tally.of(outcomes)
    return {
        "total": tally.total,
        "matched": tally.matched,
        "known": tally.known,
        "allowed": tally.allowed,
        "unsupported": tally.unsupported,
        "failed": tally.failed,
        "not_run": tally.not_run,
    }


def _failure(outcome: Outcome) -> dict[str, object]:
    record = outcome.to_json()
    shown = ("case", "layer", "config", "path", "verdict", "stage", "status", "component", "known")
    record["config"] = json.loads(canonical(record["config"]))
    return {name: record[name] for name in (*shown, "error_over_budget", "detail", "reproduce")}
