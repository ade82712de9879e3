"""Faults that only embeddings with positions can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnparity.contracts import Arrays


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield positions that are lost, moved, of another wave, or scaled along with the tokens."""
    embed, right = given.config["embed"], given.right["y"]
    scale = math.sqrt(embed) if given.config["scaled"] else 1.0
    tokens = given.weights["tokens"][given.inputs["ids"]] * scale
    positions = right - tokens
    yield "without positions", lambda: {"y": tokens.astype(right.dtype)}
    yield "positions from 1 on", lambda: {"y": (tokens + np.roll(positions, -1, axis=1)).astype(right.dtype)}
    yield "positions scaled too", lambda: {"y": (tokens + positions * math.sqrt(embed)).astype(right.dtype)}
    yield "sines and cosines exchanged", lambda: {"y": (tokens + _exchanged(positions)).astype(right.dtype)}
    yield "sines first, then cosines", lambda: {"y": (tokens + _halved(positions)).astype(right.dtype)}
    yield "the first row for every id", lambda: given.with_fault(inputs={"ids": given.inputs["ids"] * 0})


def _exchanged(positions: np.ndarray) -> np.ndarray:
    pairs = positions.reshape(*positions.shape[:-1], -1, 2)
    return np.asarray(pairs[..., ::-1].reshape(positions.shape))


def _halved(positions: np.ndarray) -> np.ndarray:
    return np.concatenate([positions[..., ::2], positions[..., 1::2]], axis=-1)
