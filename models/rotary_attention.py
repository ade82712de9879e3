"""Attention whose queries and keys are turned by angles that grow with their positions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; depth is what is turned, an even number, and `passed` more that is left as it is."""
    turned = draw(st.sizes(3).map(lambda pairs: 2 * pairs))
    return draw(
        st.configs(
            pairing=st.sampled_from(["half", "interleaved"]),
            heads=st.sizes(3),
            length=st.sizes(5),
            turned=st.just(turned),
            depth=st.integers(turned, turned + 3),
            base=st.sampled_from([10000.0, 100.0]),
            start=st.sampled_from([0, 1, 7]),
        )
    )


def signature(config: Config) -> Signature:
    shape = ("batch", config["heads"], config["length"], config["depth"])
    return Signature(inputs=tuple(TensorSpec(name, config["dtype"], shape) for name in "qkv"), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["heads"], config["length"], config["depth"])
    return st.named(**{name: st.tensors(shape, config["dtype"]) for name in "qkv"})


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def angles(config: Config) -> np.ndarray:
    """Return the angle of every position and pair: (length, turned // 2)."""
    positions = config["start"] + np.arange(config["length"])
    frequencies = config["base"] ** (-np.arange(0, config["turned"], 2) / config["turned"])
    return np.asarray(positions[:, None] * frequencies)


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """softmax(q' k'^T / sqrt(depth)) v, where q' and k' are q and k with every pair of entries turned.

    q, k, v: (batch, heads, length, depth). Pair i of the first `turned` entries of a row is turned by
    position * base^(-2i / turned), the first row's position being `start`; the rest of the row stays.
    Pairs are entries i and i + turned / 2 for "half", 2i and 2i + 1 for "interleaved".
    Returns {"y": (batch, heads, length, depth)}.
    Source: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021), section 3.2.2, whose pairs
    are neighbours; pairs by halves and a part that stays: Black et al., GPT-NeoX-20B (2022), section 2.1.
    """
    cosine, sine = np.cos(angles(config)), np.sin(angles(config))
    order = np.arange(config["turned"]).reshape(-1, 2)
    if config["pairing"] == "half":
        order = np.arange(config["turned"]).reshape(2, -1).T
    first, second = order.T

    def turn(x: np.ndarray) -> np.ndarray:
        turned = x.copy()
        turned[..., first] = x[..., first] * cosine - x[..., second] * sine
        turned[..., second] = x[..., second] * cosine + x[..., first] * sine
        return turned

    scores = np.einsum("bhqd,bhkd->bhqk", turn(inputs["q"]), turn(inputs["k"])) / math.sqrt(config["depth"])
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return {"y": np.einsum("bhqk,bhkd->bhqd", attention, inputs["v"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    turned, depth, dtype = config["turned"], config["depth"], getattr(torch, config["dtype"])

    class RotaryAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("cos", self.repeated(torch.tensor(np.cos(angles(config)), dtype=dtype)))
            self.register_buffer("sin", self.repeated(torch.tensor(np.sin(angles(config)), dtype=dtype)))

        def repeated(self, table: Tensor) -> Tensor:
            raise NotImplementedError

        def rotated(self, x: Tensor) -> Tensor:
            raise NotImplementedError

        def turn(self, x: Tensor) -> Tensor:
            rotary, passed = x[..., :turned], x[..., turned:]
            rotary = rotary * self.cos + self.rotated(rotary) * self.sin
            return rotary if turned == depth else torch.cat((rotary, passed), dim=-1)

        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            scores = self.turn(q) @ self.turn(k).transpose(-2, -1) / math.sqrt(depth)
            return scores.softmax(dim=-1) @ v

    class ByHalves(RotaryAttention):
        def repeated(self, table: Tensor) -> Tensor:
            return torch.cat((table, table), dim=-1)

        def rotated(self, x: Tensor) -> Tensor:
            first, second = x.chunk(2, dim=-1)
            return torch.cat((-second, first), dim=-1)

    class Interleaved(RotaryAttention):
        def repeated(self, table: Tensor) -> Tensor:
            return table.repeat_interleave(2, dim=-1)

        def rotated(self, x: Tensor) -> Tensor:
            return torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)

    return ByHalves() if config["pairing"] == "half" else Interleaved()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    turned, depth = config["turned"], config["depth"]

    class RotaryAttention(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cos = tf.Variable(np.cos(angles(config)).astype(config["dtype"]), trainable=False)
            self.sin = tf.Variable(np.sin(angles(config)).astype(config["dtype"]), trainable=False)

        def turned(self, x: Tensor) -> Tensor:
            raise NotImplementedError

        def turn(self, x: Tensor) -> Tensor:
            if turned == depth:
                return self.turned(x)
            rotary, passed = tf.split(x, [turned, depth - turned], axis=-1)
            return tf.concat([self.turned(rotary), passed], axis=-1)

        def pair(self, first: Tensor, second: Tensor) -> list[Tensor]:
            return [first * self.cos - second * self.sin, second * self.cos + first * self.sin]

        def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
            scores = tf.matmul(self.turn(q), self.turn(k), transpose_b=True) / math.sqrt(depth)
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    class ByHalves(RotaryAttention):
        def turned(self, x: Tensor) -> Tensor:
            return tf.concat(self.pair(*tf.split(x, 2, axis=-1)), axis=-1)

    class Interleaved(RotaryAttention):
        def turned(self, x: Tensor) -> Tensor:
            return tf.reshape(tf.stack(self.pair(x[..., ::2], x[..., 1::2]), axis=-1), tf.shape(x))

    return ByHalves() if config["pairing"] == "half" else Interleaved()


SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 2, "length": 4, "base": 10000.0, "start": 0}

LAYER = LayerSpec(
    name="rotary_attention",
    source="Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021), section 3.2.2",
    catches="pairs of halves taken for neighbours, an angle turned the wrong way, tables cut from another start",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "pairing": "half", "turned": 4, "depth": 4},
        {**SMALL, "pairing": "interleaved", "turned": 4, "depth": 5, "start": 7},
        {**SMALL, "pairing": "half", "batch": 1, "heads": 1, "length": 1, "turned": 2, "depth": 3, "start": 1},
    ),
)
