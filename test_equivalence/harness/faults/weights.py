"""Weights lost, coarsened, transposed, in another order or taken for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays
from nnparity.loading import load_file

changes = load_file(Path(__file__).parents[1] / "changes.py")

CHANGES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "dropped": np.zeros_like,
    "counted twice": lambda array: array * 2,
    "negated": np.negative,
    "in float16": changes.to_float16,
    "in bfloat16": changes.to_bfloat16,
    "in another layout": changes.transposed,
    "off by one along the first axis": changes.rows_later,
    "off by one along the last axis": changes.later,
    "with the halves of axis 0 swapped": changes.halves_swapped,
    "with the middle quarters of axis 0 swapped": changes.quarters_swapped,
    "without the last element": changes.last_lost,
}


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield every change of every weight, and every two neighbours of one shape swapped."""
    for name in given.weights:
        for label, change in CHANGES.items():
            yield f"{name} {label}", _planting(given, name, change)
    for one, other in pairwise(given.weights):
        if given.weights[one].shape == given.weights[other].shape:
            yield f"{one}, {other} taken for each other", _swapped(given, one, other)


def _planting(given: Any, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Arrays]:
    def plant() -> Arrays:
        changed = change(given.weights[name])
        if np.array_equal(changed, given.weights[name], equal_nan=changed.dtype.kind == "f"):
            raise ValueError(f"{name} is the same after the change")
        return dict(given.with_fault(weights={**given.weights, name: changed}))

    return plant


def _swapped(given: Any, one: str, other: str) -> Callable[[], Arrays]:
    weights = given.weights
    return lambda: given.with_fault(weights={**weights, one: weights[other], other: weights[one]})
