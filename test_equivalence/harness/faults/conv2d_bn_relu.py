"""Faults that only a convolution with a batch norm and ReLU can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Config


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield padding on the wrong side, a true convolution, other groups, other statistics, a lost ReLU."""
    weights, window = given.weights, given.config["window"]
    top, left, bottom, right = window["padding"]
    paddings = {
        "before and after exchanged": [bottom, right, top, left],
        "rows and columns exchanged": [left, top, right, bottom],
        "moved by one": [top + 1, left + 1, bottom - 1, right - 1],
        "moved by one the other way": [top - 1, left - 1, bottom + 1, right + 1],
    }
    for name, padding in paddings.items():
        if min(padding) >= 0:
            yield f"padding {name}", _windowed(given, {"padding": padding})
    for key in ("stride", "dilation"):
        yield f"{key} of rows and columns exchanged", _windowed(given, {key: window[key][::-1]})
    yield "kernel backwards", _weighted(given, {"weight": weights["weight"][..., ::-1, ::-1]})
    yield "kernel transposed", _weighted(given, {"weight": weights["weight"].swapaxes(-1, -2)})
    yield "deviation for variance", _weighted(given, {"variance": np.sqrt(weights["variance"])})
    yield "epsilon 1e-3 too great", lambda: given.with_fault(config={**given.config, "eps": given.config["eps"] + 1e-3})
    yield (
        "without the norm",
        _weighted(given, {"scale": np.sqrt(weights["variance"] + given.config["eps"]), "offset": weights["mean"]}),
    )
    yield "ReLU up to 1", lambda: {"y": np.minimum(given.right["y"], 1)}
    yield "ReLU before the offset", _relu_early(given)


def _windowed(given: Any, changes: Mapping[str, list[int]]) -> Callable[[], Arrays]:
    config: Config = {**given.config, "window": {**given.config["window"], **changes}}
    return lambda: given.with_fault(config=config)


def _weighted(given: Any, changes: Arrays) -> Callable[[], Arrays]:
    return lambda: given.with_fault(weights={**given.weights, **changes})


def _relu_early(given: Any) -> Callable[[], Arrays]:
    def plant() -> Arrays:
        offset = given.weights["offset"]
        y = given.with_fault(weights={**given.weights, "offset": np.zeros_like(offset)})["y"]
        shape = (-1, 1, 1) if given.config["layout"] == "NCHW" else (-1,)
        return {"y": (y + offset.reshape(shape)).astype(y.dtype)}

    return plant
