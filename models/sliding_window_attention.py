"""Attention to the keys within a window around each query, or to those before it only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import limits
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    """Draw a config; a window of 1 is the query's own place, one beyond the length is all."""
    return st.configs(
        causal=st.booleans(), window=st.sizes(6), heads=st.sizes(2), length=st.sizes(6), depth=st.sizes(5)
    )


def signature(config: Config) -> Signature:
    shape = ("batch", config["heads"], config["length"], config["depth"])
    return Signature(inputs=tuple(TensorSpec(name, config["dtype"], shape) for name in "qkv"), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["heads"], config["length"], config["depth"])
    return st.named(**{name: st.tensors(shape, config["dtype"]) for name in "qkv"})


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """softmax(q k^T / sqrt(depth)) v, where a query sees the keys fewer than `window` places from it.

    q, k, v: (batch, heads, length, depth). A causal query sees none after it. Scores out of the window are replaced by
    the lowest number of the dtype, so that a score of -inf within it is below them.
    Returns {"y": (batch, heads, length, depth)}.
    Source: Beltagy et al., Longformer (2020), section 3.1; for the causal window Jiang et al., Mistral 7B (2023),
    section 2, where the query itself is one of the `window` keys.
    """
    positions = np.arange(config["length"])
    distance = positions[:, None] - positions
    visible = (distance < config["window"]) & (distance >= (0 if config["causal"] else 1 - config["window"]))
    scores = np.einsum("bhqd,bhkd->bhqk", inputs["q"], inputs["k"]) / math.sqrt(config["depth"])
    scores = np.where(visible, scores, float(limits(config["dtype"]).min))
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return {"y": np.einsum("bhqk,bhkd->bhqd", attention, inputs["v"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    window = config["window"]

    class SlidingWindowAttention(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
            visible = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device)
            visible = visible.tril(0 if config["causal"] else window - 1).triu(1 - window)
            scores = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
            return scores.softmax(dim=-1) @ v

    return SlidingWindowAttention()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    window = config["window"]

    class SlidingWindowAttention(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
            scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(q.shape[-1])
            positions = tf.range(tf.shape(q)[2])
            distance = positions[:, tf.newaxis] - positions
            visible = tf.abs(distance) < window
            if config["causal"]:
                visible &= distance >= 0
            scores = tf.where(visible, scores, scores.dtype.min)
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    return SlidingWindowAttention()


SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 2, "depth": 3}

LAYER = LayerSpec(
    name="sliding_window_attention",
    source="Beltagy et al., Longformer: The Long-Document Transformer (2020), section 3.1",
    catches="a window one key too wide, diagonals counted from the other side, a triangular mask dropped or transposed",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "causal": True, "window": 2, "length": 5},
        {**SMALL, "causal": False, "window": 3, "length": 6},
        {**SMALL, "causal": True, "window": 1, "length": 3, "batch": 1, "heads": 1},
    ),
)
