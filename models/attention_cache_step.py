"""One step of decoding: attention of one new token to all before it, whose keys and values are kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

PROJECTIONS = ("query", "key", "value", "output")


def configs() -> st.SearchStrategy[Config]:
    return st.configs(heads=st.sizes(3), depth=st.sizes(4), width=st.sizes(5), past=st.sizes(5))


def signature(config: Config) -> Signature:
    dtype, kept = config["dtype"], ("batch", config["heads"], config["past"], config["depth"])
    x = TensorSpec("x", dtype, ("batch", 1, config["width"]))
    past = (TensorSpec("past_key", dtype, kept), TensorSpec("past_value", dtype, kept))
    return Signature(inputs=(x, *past), outputs=("y", "key", "value"))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(**{
        spec.name: st.tensors(spec.sized({"batch": config["batch"]}), spec.dtype) for spec in signature(config).inputs
    })


def _sizes(config: Config) -> dict[str, tuple[int, int]]:
    width, embed = config["width"], config["heads"] * config["depth"]
    return {name: (embed, width) if name == "output" else (width, embed) for name in PROJECTIONS}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    sizes = _sizes(config)
    return {
        **{f"{name}_weight": rng.standard_normal(shape) / math.sqrt(shape[0]) for name, shape in sizes.items()},
        **{f"{name}_bias": rng.standard_normal(size) / 4 for name, (_, size) in sizes.items()},
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Attention of the new token to the kept keys and its own; and what is kept for the next step.

    x: (batch, 1, width). past_key, past_value: (batch, heads, past, depth).
    <name>_weight: (size in, size out), its columns grouped by head. <name>_bias: (size out,).
    Returns {"y": (batch, 1, width), "key" and "value": (batch, heads, past + 1, depth)}, the new token's at the end.
    Source: Shazeer, Fast Transformer Decoding: One Write-Head is All You Need (2019), section 2.4.
    """
    x, heads, depth = inputs["x"], config["heads"], config["depth"]

    def project(name: str, sequence: np.ndarray) -> np.ndarray:
        return sequence @ weights[f"{name}_weight"] + weights[f"{name}_bias"]

    q, k, v = (project(name, x).reshape(len(x), heads, 1, depth) for name in ("query", "key", "value"))
    key = np.concatenate([inputs["past_key"], k], axis=2)
    value = np.concatenate([inputs["past_value"], v], axis=2)
    scores = np.einsum("bhqd,bhkd->bhqk", q, key) / math.sqrt(depth)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    joined = np.einsum("bhqk,bhkd->bqhd", attention, value).reshape(len(x), 1, heads * depth)
    return {"y": project("output", joined), "key": key, "value": value}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    heads, depth = config["heads"], config["depth"]

    class CachedAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, (inside, outside) in _sizes(config).items():
                linear = torch.nn.Linear(inside, outside, dtype=getattr(torch, config["dtype"]))
                weight, bias = weights[f"{name}_weight"].T, weights[f"{name}_bias"]
                linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
                setattr(self, name, linear)

        def by_head(self, x: Tensor) -> Tensor:
            return x.unflatten(-1, (heads, depth)).transpose(1, 2)

        def forward(self, x: Tensor, past_key: Tensor, past_value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            q = self.by_head(self.query(x))
            key = torch.cat((past_key, self.by_head(self.key(x))), dim=2)
            value = torch.cat((past_value, self.by_head(self.value(x))), dim=2)
            scores = q @ key.transpose(-2, -1) / math.sqrt(depth)
            joined = (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(-2)
            return self.output(joined), key, value

    return CachedAttention()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    heads, depth = config["heads"], config["depth"]

    class CachedAttention(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, (inside, outside) in _sizes(config).items():
                dense = keras.layers.Dense(outside, dtype=config["dtype"])
                dense.build((None, 1, inside))
                dense.set_weights([weights[f"{name}_weight"], weights[f"{name}_bias"]])
                setattr(self, name, dense)

        def by_head(self, x: Tensor) -> Tensor:
            return tf.transpose(tf.reshape(x, (-1, 1, heads, depth)), [0, 2, 1, 3])

        def __call__(self, x: Tensor, past_key: Tensor, past_value: Tensor) -> dict[str, Tensor]:
            q = self.by_head(self.query(x))
            key = tf.concat([past_key, self.by_head(self.key(x))], axis=2)
            value = tf.concat([past_value, self.by_head(self.value(x))], axis=2)
            scores = tf.matmul(q, key, transpose_b=True) / math.sqrt(depth)
            joined = tf.transpose(tf.matmul(tf.nn.softmax(scores, axis=-1), value), [0, 2, 1, 3])
            joined = tf.reshape(joined, (-1, 1, heads * depth))
            return {"y": self.output(joined), "key": key, "value": value}

    return CachedAttention()


SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 2, "depth": 3, "width": 4, "past": 4}

LAYER = LayerSpec(
    name="attention_cache_step",
    source="Shazeer, Fast Transformer Decoding: One Write-Head is All You Need (2019), section 2.4",
    catches="the new key put before the old ones or along another axis, outputs in another order, an output left out",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        SMALL,
        {**SMALL, "heads": 3, "past": 1},
        {**SMALL, "batch": 1, "heads": 1, "past": 1},
    ),
)
