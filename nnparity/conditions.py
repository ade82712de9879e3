"""Conditions on a case under which known divergences apply."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnparity.dtypes import BFLOAT16, is_float
from nnparity.layers import Case

Condition = Callable[[Case], bool]


def non_finite(case: Case) -> bool:
    """Whether an input holds a NaN or an infinity."""
    return any(not np.isfinite(array).all() for array in case.inputs.values() if is_float(array.dtype))


def not_a_number(case: Case) -> bool:
    """Whether an input holds a NaN."""
    return any(bool(np.isnan(array).any()) for array in case.inputs.values() if is_float(array.dtype))


def infinite(case: Case) -> bool:
    """Whether an input holds an infinity."""
    return any(bool(np.isinf(array).any()) for array in case.inputs.values() if is_float(array.dtype))


def beyond_float_precision(case: Case) -> bool:
    """Whether an input holds an integer that float32 may not have."""
    integers = (array for array in case.inputs.values() if array.dtype.kind == "i")
    return any(bool((np.abs(array) > 2**24).any()) for array in integers)


def beyond(magnitude: float) -> Condition:
    """Return a condition: an input holds a NaN, an infinity or a number greater than `magnitude`."""

    def holds(case: Case) -> bool:
        floats = (array for array in case.inputs.values() if is_float(array.dtype))
        return any(bool((~(np.abs(array) <= magnitude)).any()) for array in floats)

    return holds


def row_below(limit: float, *, reaching: float = math.inf) -> Condition:
    """Return a condition: some row of an input, along its last axis, has a number below `reaching`, none above `limit`.

    A NaN counts as a number below.
    """

    def holds(case: Case) -> bool:
        floats = (array for array in case.inputs.values() if is_float(array.dtype))
        return any(bool((~(array > limit).any(axis=-1) & ~(array >= reaching).all(axis=-1)).any()) for array in floats)

    return holds


def row_near_zero(limit: float) -> Condition:
    """Return a condition: some row of an input has a number below zero, and none farther than `limit` from it."""

    def holds(case: Case) -> bool:
        floats = (array for array in case.inputs.values() if is_float(array.dtype) and array.size)
        return any(bool(((np.abs(array).max(axis=-1) <= limit) & (array.min(axis=-1) < 0)).any()) for array in floats)

    return holds


def spread_along_axis(distance: float, *, half: float) -> Condition:
    """Return a condition: along config["axis"] some number is below the greatest one by more than `distance`.

    half: the distance in half precision.
    """

    def holds(case: Case) -> bool:
        limit = half if in_half(case) else distance
        floats = (array.astype(np.float64) for array in case.inputs.values() if is_float(array.dtype))
        rows = (array for array in floats if array.size)
        return any(bool((array.max(axis=case.config["axis"], keepdims=True) - array > limit).any()) for array in rows)

    return holds


def small_row(limit: float) -> Condition:
    """Return a condition: some row of an input, along its last axis, has no number farther than `limit` from zero."""

    def holds(case: Case) -> bool:
        floats = (array for array in case.inputs.values() if is_float(array.dtype) and array.size)
        return any(bool((np.abs(array).max(axis=-1) <= limit).any()) for array in floats)

    return holds


def in_half(case: Case) -> bool:
    """Whether the case is in half precision."""
    return bool(case.config["dtype"] == "float16")


def in_bfloat16(case: Case) -> bool:
    """Whether the case is in bfloat16."""
    return bool(case.config["dtype"] == BFLOAT16)


def empty(case: Case) -> bool:
    """Whether an input has no elements."""
    return any(array.size == 0 for array in case.inputs.values())


def config_is(**wanted: object) -> Condition:
    """Return a condition: the config has these values."""

    def holds(case: Case) -> bool:
        return all(case.config.get(key) == value for key, value in wanted.items())

    return holds


def wholly_masked(mask: str) -> Condition:
    """Return a condition: the boolean input of this name has a row without a single True."""

    def holds(case: Case) -> bool:
        return mask in case.inputs and not bool(case.inputs[mask].any(axis=-1).all())

    return holds


def both(first: Condition, second: Condition) -> Condition:
    """Return a condition that holds where both do."""
    return lambda case: first(case) and second(case)


def either(first: Condition, second: Condition) -> Condition:
    """Return a condition that holds where one of them does."""
    return lambda case: first(case) or second(case)
