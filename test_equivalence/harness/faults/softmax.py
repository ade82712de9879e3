"""Faults that only softmax can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnparity.contracts import Arrays


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield other bases, sums over other axes, logarithms, and sums that leave something out."""
    x, axis, right = given.inputs["x"], given.config["axis"], given.right["y"]
    yield "to the base 2", lambda: given.with_fault(inputs={"x": x * math.log(2)})
    yield "of twice the input", lambda: given.with_fault(inputs={"x": x * 2})
    yield "its logarithm", lambda: {"y": np.log(right)}
    yield "over all axes", lambda: {"y": _normalised(x, None, right.dtype)}
    yield "over the batch too", lambda: {"y": _normalised(x, (0, axis), right.dtype)}
    yield "with 1 added to the sum", lambda: {"y": _normalised(x, axis, right.dtype, added=1.0)}
    yield "with 1e-3 added to the sum", lambda: {"y": _normalised(x, axis, right.dtype, added=1e-3)}
    yield "of the sigmoid", lambda: {"y": (1 / (1 + np.exp(-x))).astype(right.dtype)}
    yield "the greatest only", lambda: {"y": (x == x.max(axis=axis, keepdims=True)).astype(right.dtype)}


def _normalised(x: np.ndarray, axis: Any, dtype: Any, added: float = 0.0) -> np.ndarray:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray((powers / (powers.sum(axis=axis, keepdims=True) + added)).astype(dtype))
