"""The numbers in a planted graph, the same in every representation, and its one wrong element."""

from __future__ import annotations

import numpy as np

SCALE = 1.01
OFFSET = 0.05
CHANNELS, SIZE = 4, 6


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
