"""Weights moved by a unit of rounding, to see what that does to a model that is not computed in float64."""

from __future__ import annotations

import numpy as np


def moved(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the array with every float32 moved up or down to the next number; zeros and other dtypes stay."""
    if array.dtype != np.float32:
        return array
    towards = np.where(rng.random(array.shape) < 0.5, np.float32(-np.inf), np.float32(np.inf))
    return np.where((array == 0) | ~np.isfinite(array), array, np.nextafter(array, towards))
