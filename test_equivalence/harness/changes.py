"""What implementations get wrong about an array: its precision, its layout, its order, its ends."""

from __future__ import annotations

import numpy as np


def to_float16(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return array.astype(np.float16).astype(array.dtype)


def to_bfloat16(array: np.ndarray) -> np.ndarray:
    """Return the array rounded to eight significant bits, ties to even."""
    significand, exponent = np.frexp(array.astype(np.float64))
    return np.asarray(np.ldexp(np.rint(significand * 2.0**8) / 2.0**8, exponent).astype(array.dtype))


def transposed(array: np.ndarray) -> np.ndarray:
    """Return the array as one reads it who takes its last two axes for each other, in its own shape."""
    if array.ndim < 2:
        return array[::-1]
    return np.ascontiguousarray(np.swapaxes(array, -1, -2)).reshape(array.shape)


def later(array: np.ndarray) -> np.ndarray:
    """Return the array read from one place too far along the last axis."""
    return np.roll(array, 1, axis=-1)


def rows_later(array: np.ndarray) -> np.ndarray:
    """Return the array read from one place too far along the first axis."""
    return np.roll(array, 1, axis=0)


def halves_swapped(array: np.ndarray) -> np.ndarray:
    return np.roll(array, len(array) // 2, axis=0)


def quarters_swapped(array: np.ndarray) -> np.ndarray:
    """Return the array with the middle two of four blocks along axis 0 in each other's place, as of gates."""
    if len(array) % 4:
        raise ValueError(f"quarters_swapped: {len(array)} rows are not four equal blocks")
    blocks = np.split(array, 4)
    return np.concatenate([blocks[place] for place in (0, 2, 1, 3)])


def last_lost(array: np.ndarray) -> np.ndarray:
    """Return the array with zero for its last element, as a loop that ends too early leaves it."""
    copy = array.copy()
    copy.flat[copy.size - 1 :] = 0
    return copy


def last_slice_lost(array: np.ndarray) -> np.ndarray:
    """Return the array with zeros at the end of its last axis, where a vectorised loop leaves the rest."""
    copy = array.copy()
    copy[..., array.shape[-1] // 4 * 4 :] = 0
    return copy
