"""Inputs coarsened, read in another order or layout, taken for each other; masks inverted or ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays
from nnparity.loading import load_file

changes = load_file(Path(__file__).parents[1] / "changes.py")

Change = Callable[[np.ndarray], np.ndarray]
ANY: Mapping[str, Change] = {
    "in another layout": changes.transposed,
    "off by one along the first axis": changes.rows_later,
    "off by one along the last axis": changes.later,
    "without the last element": changes.last_lost,
}
OF_KIND: Mapping[str, Mapping[str, Change]] = {
    "f": {
        "in float16": changes.to_float16,
        "in bfloat16": changes.to_bfloat16,
        "negated": np.negative,
        "times 1.001": lambda array: array * 1.001,
        "clipped to 1": lambda array: np.clip(array, -1, 1),
    },
    "b": {
        "inverted": np.logical_not,
        "ignored": np.ones_like,
        "taken for none": np.zeros_like,
    },
    "i": {"one too low": lambda array: np.maximum(array - 1, array.min(initial=0))},
}


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield every change of every input, and every two neighbours of one shape and kind swapped."""
    for name, array in given.inputs.items():
        for label, change in {**ANY, **OF_KIND.get(array.dtype.kind, {})}.items():
            yield f"{name} {label}", _planting(given, name, change)
    for one, other in pairwise(given.inputs):
        mine, theirs = given.inputs[one], given.inputs[other]
        if (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype):
            yield f"{one}, {other} taken for each other", _swapped(given, one, other)


def _planting(given: Any, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Arrays]:
    def plant() -> Arrays:
        changed = change(given.inputs[name])
        if np.array_equal(changed, given.inputs[name], equal_nan=changed.dtype.kind == "f"):
            raise ValueError(f"{name} is the same after the change")
        return dict(given.with_fault(inputs={**given.inputs, name: changed}))

    return plant


def _swapped(given: Any, one: str, other: str) -> Callable[[], Arrays]:
    inputs = given.inputs
    return lambda: given.with_fault(inputs={**inputs, one: inputs[other], other: inputs[one]})
