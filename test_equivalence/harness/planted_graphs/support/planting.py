"""What planted graphs are made of, the same in every representation: operators, numbers, faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# How often each operator is drawn, and what it turns into where it is the one that is swapped.
UNARY = {
    "relu": (3, "abs"),
    "tanh": (3, "sigmoid"),
    "sigmoid": (3, "tanh"),
    "abs": (1, "relu"),
    "neg": (1, "abs"),
    "softmax_rows": (1, "softmax_channels"),
    "softmax_channels": (1, "softmax_rows"),
    "transpose": (2, "same"),
    "max_pool": (1, "average_pool"),
    "average_pool": (1, "max_pool"),
    "conv": (4, "conv_dilated"),
    "matmul": (3, "matmul_transposed"),
}
BINARY = {"add": (5, "sub"), "sub": (2, "add"), "mul": (2, "add"), "maximum": (1, "minimum"), "minimum": (1, "maximum")}
SWAPPED = {name: other for name, (_, other) in {**UNARY, **BINARY}.items()}
FUSED = "fused"  # scaled only where the operator that gives the first input is in the same part
FAULTS = ("scaled", "element", "swapped")
OPERATORS = 50
SHAPE = (1, 6, 6, 6)
SCALE = 1.01
OFFSET = 0.05
CHANNELS, SIZE = 6, 6


def conv(seed: int, place: int) -> np.ndarray:
    """Return a kernel: (channels out, channels in, height, width)."""
    rng = np.random.default_rng([seed, place])
    return (rng.standard_normal((CHANNELS, CHANNELS, 3, 3)) / 4).astype(np.float32)


def matmul(seed: int, place: int) -> np.ndarray:
    """Return a square matrix for the last axis."""
    rng = np.random.default_rng([seed, place])
    return (rng.standard_normal((SIZE, SIZE)) / 2).astype(np.float32)


def one_element(shape: tuple[int, ...], place: int) -> np.ndarray:
    """Return zeros but for one element, which depends on the place of the operator."""
    offset = np.zeros(shape, np.float32)
    offset.reshape(-1)[place * 7 % offset.size] = OFFSET
    return offset


def each(
    representation: str, planting: Callable[[str, str, int], Any], *, faults: tuple[str, ...] = FAULTS
) -> tuple[Any, ...]:
    """Return one conversion for every fault in every place."""
    return tuple(
        planting(f"{representation}_planted_{fault}_{place}", fault, place)
        for fault in faults
        for place in range(OPERATORS)
    )
