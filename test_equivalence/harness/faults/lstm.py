"""Faults that only an LSTM can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np

from nnparity.contracts import Arrays

OURS = "ifco"


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield every other order of the gates, a forget bias, time backwards, and states that are lost or confused."""
    for order in permutations(OURS):
        if "".join(order) != OURS:
            yield f"gates in the order {''.join(order)}", _ordered(given, [OURS.index(gate) for gate in order])
    yield "forget gate with 1 added", _forgetting(given)
    yield "time backwards", lambda: given.with_fault(inputs={**given.inputs, "x": given.inputs["x"][:, ::-1]})
    yield "state of the step before the last", lambda: {**given.right, "h": given.right["y"][:, -2]}
    yield "initial state lost", lambda: given.with_fault(inputs=_without_states(given.inputs))
    yield "hidden states of the step before", lambda: {**given.right, "y": np.roll(given.right["y"], 1, axis=1)}


def _ordered(given: Any, order: list[int]) -> Callable[[], Arrays]:
    def reordered(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, 4)
        return np.concatenate([blocks[place] for place in order])

    return lambda: given.with_fault(weights={name: reordered(array) for name, array in given.weights.items()})


def _forgetting(given: Any) -> Callable[[], Arrays]:
    hidden = given.config["hidden"]

    def plant() -> Arrays:
        bias = given.weights["bias_ih_l0"].copy()
        bias[hidden : 2 * hidden] += 1
        return dict(given.with_fault(weights={**given.weights, "bias_ih_l0": bias}))

    return plant


def _without_states(inputs: Arrays) -> Arrays:
    return {name: np.zeros_like(array) if name in {"h0", "c0"} else array for name, array in inputs.items()}
