"""Faults that only a layer normalisation can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnparity.contracts import Arrays


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield variances and roots that are another definition's."""
    kinds: dict[str, Callable[[np.ndarray, tuple[int, ...], float], np.ndarray]] = {
        "epsilon added outside the root": lambda x, axes, eps: _centred(x, axes) / (_deviation(x, axes, 0, 0) + eps),
        "variance over n - 1": lambda x, axes, eps: _centred(x, axes) / _deviation(x, axes, eps, 1),
        "without the mean": lambda x, axes, eps: x / _deviation(x, axes, eps, 0),
        "over the variance": lambda x, axes, eps: _centred(x, axes) / np.square(_deviation(x, axes, eps, 0)),
        "root mean square for deviation": lambda x, axes, eps: (
            _centred(x, axes) / np.sqrt(np.square(x).mean(axis=axes, keepdims=True) + eps)
        ),
        "statistics of the batch": lambda x, axes, eps: (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps),
        "without epsilon": lambda x, axes, eps: _centred(x, axes) / _deviation(x, axes, 0, 0),
    }
    for name, normal in kinds.items():
        yield name, _planting(given, normal)
    yield "offset before scale", _planting(given, kinds["without epsilon"], offset_first=True)


def _centred(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.asarray(x - x.mean(axis=axes, keepdims=True))


def _deviation(x: np.ndarray, axes: tuple[int, ...], eps: float, ddof: int) -> np.ndarray:
    if x.mean(axis=axes).size + ddof > x.size:
        raise ValueError("the variance of one element over none")
    return np.asarray(np.sqrt(x.var(axis=axes, keepdims=True, ddof=ddof) + eps))


def _planting(given: Any, normal: Callable[..., np.ndarray], *, offset_first: bool = False) -> Callable[[], Arrays]:
    axes = tuple(range(-given.config["axes"], 0))
    scale, offset = given.weights.get("scale", 1.0), given.weights.get("offset", 0.0)

    def plant() -> Arrays:
        with np.errstate(all="ignore"):
            y = normal(given.inputs["x"], axes, given.config["eps"])
            y = (y + offset) * scale if offset_first else y * scale + offset
            return {"y": y.astype(given.config["dtype"])}

    return plant
