"""Attention whose scores fall linearly with the distance, by a slope for each head."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(causal=st.booleans(), heads=st.sizes(6), length=st.sizes(5), depth=st.sizes(5))


def signature(config: Config) -> Signature:
    shape = ("batch", config["heads"], config["length"], config["depth"])
    return Signature(inputs=tuple(TensorSpec(name, config["dtype"], shape) for name in "qkv"), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["heads"], config["length"], config["depth"])
    return st.named(**{name: st.tensors(shape, config["dtype"]) for name in "qkv"})


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def slopes(heads: int) -> list[float]:
    """Return 2^(-8 / heads) to its powers 1 to `heads`; where `heads` is no power of 2, half-way ones for the rest."""
    whole = 2 ** int(math.log2(heads))
    powers = [2 ** (-8 * head / whole) for head in range(1, whole + 1)]
    return powers if whole == heads else powers + slopes(2 * whole)[::2][: heads - whole]


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """softmax(q k^T / sqrt(depth) - slope * distance) v, a slope for each head.

    q, k, v: (batch, heads, length, depth). A causal query sees no key after it: -inf is added to those scores.
    Returns {"y": (batch, heads, length, depth)}.
    Source: Press et al., Train Short, Test Long: Attention with Linear Biases (2022), section 3, and the code published
    with it for slopes of heads that are no power of 2.
    """
    positions = np.arange(config["length"])
    distance = positions[:, None] - positions
    bias = -np.array(slopes(config["heads"]))[:, None, None] * np.abs(distance)
    if config["causal"]:
        bias = np.where(distance < 0, -np.inf, bias)
    scores = np.einsum("bhqd,bhkd->bhqk", inputs["q"], inputs["k"]) / math.sqrt(config["depth"]) + bias
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return {"y": np.einsum("bhqk,bhkd->bhqd", attention, inputs["v"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    length, depth, dtype = config["length"], config["depth"], getattr(torch, config["dtype"])

    class AlibiAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            positions = torch.arange(length)
            distance = positions[:, None] - positions
            bias = -torch.tensor(slopes(config["heads"]), dtype=dtype)[:, None, None] * distance.abs()
            if config["causal"]:
                bias = bias.masked_fill(distance < 0, float("-inf"))
            self.register_buffer("bias", bias)

        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            scores = q @ k.transpose(-2, -1) / math.sqrt(depth) + self.bias
            return scores.softmax(dim=-1) @ v

    return AlibiAttention()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    class AlibiAttention(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slopes = tf.Variable(np.array(slopes(config["heads"]), config["dtype"]), trainable=False)

        def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
            positions = tf.range(tf.shape(q)[2])
            distance = positions[:, tf.newaxis] - positions
            bias = -self.slopes[:, tf.newaxis, tf.newaxis] * tf.cast(tf.abs(distance), q.dtype)
            if config["causal"]:
                bias = tf.where(distance >= 0, bias, float("-inf"))
            scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(config["depth"]) + bias
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    return AlibiAttention()


SMALL: Config = {"batch": 2, "dtype": "float32", "length": 4, "depth": 3}

CAUSAL = relations.past_alone(inputs=("q", "k", "v"), outputs=("y",), axis=2, weighted=True)

LAYER = LayerSpec(
    name="alibi_attention",
    source="Press et al., Train Short, Test Long: Attention with Linear Biases (2022), section 3",
    catches="a bias broadcast over the wrong axis or added before the scaling, an infinite bias made finite",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, *relations.where(lambda config: config["causal"], CAUSAL)),
    examples=(
        {**SMALL, "causal": True, "heads": 4},
        {**SMALL, "causal": False, "heads": 3},
        {**SMALL, "causal": True, "heads": 1, "batch": 1, "length": 1, "depth": 1},
    ),
)
