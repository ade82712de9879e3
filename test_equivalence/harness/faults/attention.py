"""Faults that only attention can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnparity.contracts import Arrays


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield other scales of the scores, other masks, and a softmax over the wrong axis."""
    depth = given.inputs["q"].shape[-1]
    yield "scaled by the depth, not its root", _on_queries(given, 1 / math.sqrt(depth))
    yield "not scaled", _on_queries(given, math.sqrt(depth))
    yield "scaled by the depth of all heads", _on_queries(given, 1 / math.sqrt(given.config["heads"]))
    yield "scores negated", _on_queries(given, -1.0)
    yield "mean of the values", lambda: given.with_fault(inputs={**given.inputs, "q": given.inputs["q"] * 0})
    yield "keys as values", lambda: given.with_fault(inputs={**given.inputs, "v": given.inputs["k"]})
    yield "heads in another order", lambda: {"y": given.right["y"][:, ::-1]}
    if given.config["mask"] == "causal":
        yield "diagonal masked", _causal(given, -1)
        yield "one key of the future seen", _causal(given, 1)
        yield "causal from the end", _causal(given, given.config["key_length"] - given.config["query_length"])


def _on_queries(given: Any, factor: float) -> Callable[[], Arrays]:
    return lambda: given.with_fault(inputs={**given.inputs, "q": given.inputs["q"] * factor})


def _causal(given: Any, diagonal: int) -> Callable[[], Arrays]:
    def plant() -> Arrays:
        queries, keys = given.config["query_length"], given.config["key_length"]
        mask = np.tri(queries, keys, diagonal, dtype=bool)
        shape = (len(given.inputs["q"]), 1, queries, keys)
        config = {**given.config, "mask": "fill_inf"}
        inputs = {**given.inputs, "mask": np.broadcast_to(mask, shape)}
        return dict(given.with_fault(config=config, inputs=inputs))

    return plant
