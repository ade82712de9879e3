"""Faults that only GELU can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nnparity.contracts import Arrays


def _tanh_gelu(x: np.ndarray, cubic: float, root: float = math.sqrt(2 / math.pi)) -> np.ndarray:
    return np.asarray(x / 2 * (1 + np.tanh(root * (x + cubic * x**3))))


KINDS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "by a logistic function of 1.702 x": lambda x: x / (1 + np.exp(-1.702 * x)),
    "SiLU instead": lambda x: x / (1 + np.exp(-x)),
    "ReLU instead": lambda x: np.maximum(x, 0),
    "without the cubic term": lambda x: _tanh_gelu(x, 0.0),
    "with 0.0447 in the cubic term": lambda x: _tanh_gelu(x, 0.0447),
    "with 0.8 for the root of 2 / pi": lambda x: _tanh_gelu(x, 0.044715, 0.8),
    "zero beyond 3": lambda x: np.where(x < -3, 0, np.where(x > 3, x, _tanh_gelu(x, 0.044715))),
}


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield functions that go by the name of GELU."""
    for name, function in KINDS.items():
        yield name, _planting(given, function)


def _planting(given: Any, function: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Arrays]:
    def plant() -> Arrays:
        with np.errstate(all="ignore"):
            return {"y": function(given.inputs["x"]).astype(given.config["dtype"])}

    return plant
