"""Outputs of the wrong name, shape, dtype, precision or order; stale ones; NaN and infinity hidden."""

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


def _one_moved(array: np.ndarray) -> np.ndarray:
    """Return the array with its middle element a hundredth of the greatest too large, or one, for integers."""
    copy = array.copy()
    step = 0.01 * np.abs(array).max() if array.dtype.kind == "f" else 1
    copy.flat[copy.size // 2] += step
    return copy


def _one_flipped(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flat[copy.size // 2] ^= True
    return copy


def _greatest(array: np.ndarray) -> np.ndarray:
    return np.asarray(np.nan_to_num(array, nan=np.nan))


def _nan_spread(array: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(np.isnan(array).any(axis=-1, keepdims=True), np.nan, array), dtype=array.dtype)


ANY: Mapping[str, Change] = {
    "in another layout": changes.transposed,
    "off by one along the first axis": changes.rows_later,
    "off by one along the last axis": changes.later,
    "backwards along the last axis": lambda array: array[..., ::-1],
    "without the last element": changes.last_lost,
    "without the rest of a vector of four": changes.last_slice_lost,
    "never written": np.zeros_like,
    "with an axis more": lambda array: array[..., None],
    "in one row": lambda array: array.reshape(-1) if array.ndim > 1 else array[None],
    "as an element too few": lambda array: array[..., :-1],
}
OF_KIND: Mapping[str, Mapping[str, Change]] = {
    "f": {
        "with one element moved": _one_moved,
        "in float16": changes.to_float16,
        "in bfloat16": changes.to_bfloat16,
        "of dtype float16": lambda array: array.astype(np.float16),
        "of dtype float64": lambda array: array.astype(np.float64),
        "a thousandth too large": lambda array: array * array.dtype.type(1.001),
        "moved by a thousandth": lambda array: array + array.dtype.type(0.001),
        "with small values flushed": lambda array: np.where(np.abs(array) < 0.1, 0, array).astype(array.dtype),
        "without their sign": np.abs,
        "rounded to integers": np.rint,
        "with 0 for NaN": lambda array: np.nan_to_num(array, nan=0.0, posinf=np.inf, neginf=-np.inf),
        "with the greatest number for infinity": _greatest,
        "with NaN for infinity": lambda array: np.where(np.isinf(array), np.nan, array).astype(array.dtype),
        "with infinities of the other sign": lambda array: np.where(np.isinf(array), -array, array),
        "with NaN spread over the row": _nan_spread,
    },
    "i": {
        "with one element moved": _one_moved,
        "as floats": lambda array: array.astype(np.float32),
        "in 32 bits": lambda array: array.astype(np.int32 if array.dtype == np.int64 else np.int64),
    },
    "b": {"with one element flipped": _one_flipped, "as numbers": lambda array: array.astype(np.int32)},
}


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield every change of every output; outputs missing, added, swapped, or left from the case before."""
    for name, array in given.right.items():
        for label, change in {**ANY, **OF_KIND.get(array.dtype.kind, {})}.items():
            yield f"{name} {label}", _planting(given, name, change)
        yield f"{name} missing", _missing(given, name)
        if given.before is not None:
            yield f"{name} left from the case before", _stale(given, name)
    yield "one too many", lambda: {**given.right, "surplus": np.zeros(1, np.float32)}
    for one, other in pairwise(given.right):
        yield f"{one}, {other} taken for each other", _swapped(given, one, other)


def _planting(given: Any, name: str, change: Change) -> Callable[[], Arrays]:
    return lambda: {**given.right, name: change(given.right[name])}


def _missing(given: Any, name: str) -> Callable[[], Arrays]:
    return lambda: {key: array for key, array in given.right.items() if key != name}


def _stale(given: Any, name: str) -> Callable[[], Arrays]:
    return lambda: {**given.right, name: given.before[name]}


def _swapped(given: Any, one: str, other: str) -> Callable[[], Arrays]:
    right = given.right
    return lambda: {**right, one: right[other], other: right[one]}
