"""Moves inputs and weights by a unit of rounding or less, to see what that does to a function."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity.contracts import Arrays
from nnparity.dtypes import is_float, limits

PERTURBATIONS = 3
"""How many perturbed runs there are beside the case itself."""

_PATTERNS = np.array(
    [
        [+1, +1, +1, -1, +0, +0, +1, +1, +1, +1],
        [+1, +1, -1, +1, +1, +1, +0, +0, +1, -1],
        [+1, -1, +1, +1, +1, -1, +1, -1, +0, +0],
    ],
    dtype=np.int8,
)
"""Where an element goes in the three runs (rows). Columns: all ways to move at least twice, one of two opposites.

Neighbours get different ones. So no two of them move alike in every run, which x - y would not see, and no two move
against each other in every run, which x + y would not see; in rows of two, independent draws do that one time in eight.
"""

_NUDGE = 2.0**-16


def perturbed(arrays: Arrays, rng: np.random.Generator, dtype: str) -> dict[str, np.ndarray]:
    """Return the arrays with every float moved, at random up or down, to the next number of `dtype`.

    Zeros, NaN, infinities, integers and booleans stay. A subnormal becomes zero, because a runtime may flush it.
    """
    moved = {}
    for name, array in arrays.items():
        ways = np.where(rng.random((1, array.size)) < 0.5, -1, 1)
        moved[name] = _moved(array, ways, np.dtype(dtype))[0]
    return moved


def perturbed_runs(arrays: Arrays, rng: np.random.Generator, dtype: str) -> tuple[dict[str, np.ndarray], ...]:
    """Return PERTURBATIONS copies, moved as by `perturbed` in directions that go together; in one a float may stay."""
    runs: tuple[dict[str, np.ndarray], ...] = tuple({} for _ in range(PERTURBATIONS))
    for name, array in arrays.items():
        moved = _moved(array, _directions(array.size, rng), np.dtype(dtype))
        for run, copy in zip(runs, moved, strict=True):
            run[name] = copy
    return runs


def nudged_runs(arrays: Arrays, rng: np.random.Generator, dtype: str) -> tuple[dict[str, np.ndarray], ...]:
    """Return two copies in float64, every float moved by about a relative 2**-16 of `dtype`'s unit of rounding.

    What goes up in one goes down in the other, so that an edge is crossed in one of them.
    There are none for float64, which has no numbers in between.
    """
    if dtype == "float64":
        return ()
    runs: tuple[dict[str, np.ndarray], ...] = ({}, {})
    size = _NUDGE * float(limits(dtype).eps)
    for name, array in arrays.items():
        way = rng.uniform(0.5, 1.0, array.shape) * np.where(rng.random(array.shape) < 0.5, -size, size)
        for run, sign in zip(runs, (1, -1), strict=True):
            wide = array.astype(np.float64) * (1.0 + sign * way) if is_float(array.dtype) else array
            run[name] = np.asarray(wide)
    return runs


def _moved(array: np.ndarray, ways: np.ndarray, dtype: np.dtype[Any]) -> list[np.ndarray]:
    """Return a copy for every row of `ways`, which holds -1, 0 or 1 for every element."""
    if not is_float(array.dtype):
        return [array] * len(ways)
    smallest, start = limits(dtype).smallest_normal, array.astype(dtype)
    with np.errstate(all="ignore"):
        up, down = (np.nextafter(start, dtype.type(end)) for end in (np.inf, -np.inf))
        magnitude = np.abs(start)
        movable = (magnitude >= smallest) & np.isfinite(up) & np.isfinite(down)
        still = np.where(magnitude < smallest, start * 0, start)
        moves = ways.reshape(len(ways), *start.shape) * movable
        return [np.where(way > 0, up, np.where(way < 0, down, still)).astype(array.dtype) for way in moves]


def _directions(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return -1, 0 or 1 for every run (axis 0) and element (axis 1)."""
    blocks = -(-size // _PATTERNS.shape[1])
    order = rng.random((blocks, _PATTERNS.shape[1])).argsort(axis=1)
    signs = np.where(rng.random((PERTURBATIONS, blocks, 1)) < 0.5, -1, 1)
    return np.asarray((_PATTERNS[:, order] * signs).reshape(PERTURBATIONS, -1)[:, :size])
