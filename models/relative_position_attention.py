"""Attention with a learned bias for each head and for each bucket of distances, as T5 has it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    """Draw a config; no bucket begins at a whole distance but the first, where rounding would decide."""
    return st.configs(
        both_ways=st.booleans(),
        buckets=st.sampled_from([4, 6, 8]),
        max_distance=st.sampled_from([7, 20]),
        heads=st.sizes(3),
        query_length=st.sizes(6),
        key_length=st.sizes(6),
        depth=st.sizes(4),
    )


def signature(config: Config) -> Signature:
    shapes = (
        ("batch", config["heads"], config[length], config["depth"])
        for length in ("query_length", "key_length", "key_length")
    )
    specs = tuple(TensorSpec(name, config["dtype"], shape) for name, shape in zip("qkv", shapes, strict=True))
    return Signature(inputs=specs, outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(**{
        spec.name: st.tensors(spec.sized({"batch": config["batch"]}), spec.dtype) for spec in signature(config).inputs
    })


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {"bias": rng.standard_normal((config["buckets"], config["heads"]))}


def bucket_of(config: Config, distance: int) -> int:
    """Return the bucket of a key that is `distance` places after the query."""
    buckets, first = config["buckets"], 0
    if config["both_ways"]:
        buckets //= 2
        first = buckets if distance > 0 else 0
    behind = abs(distance) if config["both_ways"] else max(0, -distance)
    exact = buckets // 2
    if behind < exact:
        return int(first + behind)
    growth = math.log(behind / exact) / math.log(config["max_distance"] / exact)
    return int(first + min(buckets - 1, exact + int(growth * (buckets - exact))))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """softmax(q k^T + bias) v, the bias being that of the distance's bucket; scores are not divided by a root.

    q: (batch, heads, query_length, depth). k, v: (batch, heads, key_length, depth). bias: (buckets, heads).
    The nearer half of the buckets has one distance each; the others grow up to max_distance, and the last has all
    beyond. With both_ways keys after the query have the upper half of all buckets; else they are in bucket 0.
    Returns {"y": (batch, heads, query_length, depth)}.
    Source: Raffel et al., Exploring the Limits of Transfer Learning with T5 (2020), section 2.1, and the code published
    with it (mesh_tensorflow, transformer_layers.py) for the buckets.
    """
    pairs = [
        [bucket_of(config, key - query) for key in range(config["key_length"])]
        for query in range(config["query_length"])
    ]
    bias = weights["bias"][np.array(pairs)].transpose(2, 0, 1)
    scores = np.einsum("bhqd,bhkd->bhqk", inputs["q"], inputs["k"]) + bias
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return {"y": np.einsum("bhqk,bhkd->bhqd", attention, inputs["v"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    class RelativePositionAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = torch.nn.Embedding.from_pretrained(torch.tensor(weights["bias"]))

        def buckets(self, distance: Tensor) -> Tensor:
            buckets, first = config["buckets"], torch.zeros_like(distance)
            if config["both_ways"]:
                buckets //= 2
                first = (distance > 0).to(torch.long) * buckets
                behind = distance.abs()
            else:
                behind = -torch.clamp(distance, max=0)
            exact = buckets // 2
            growth = torch.log(behind.float() / exact) / math.log(config["max_distance"] / exact)
            far = exact + (growth * (buckets - exact)).to(torch.long)
            return first + torch.where(behind < exact, behind, torch.clamp(far, max=buckets - 1))

        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            queries = torch.arange(q.shape[2], device=q.device)
            keys = torch.arange(k.shape[2], device=q.device)
            bias = self.bias(self.buckets(keys - queries[:, None])).permute(2, 0, 1)
            return (q @ k.transpose(-2, -1) + bias).softmax(dim=-1) @ v

    return RelativePositionAttention()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    class RelativePositionAttention(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = keras.layers.Embedding(config["buckets"], config["heads"], dtype=config["dtype"])
            self.bias.build()
            self.bias.set_weights([weights["bias"]])

        def buckets(self, distance: Tensor) -> Tensor:
            buckets, first = config["buckets"], tf.zeros_like(distance)
            if config["both_ways"]:
                buckets //= 2
                first = tf.cast(distance > 0, distance.dtype) * buckets
                behind = tf.abs(distance)
            else:
                behind = -tf.minimum(distance, 0)
            exact = buckets // 2
            growth = tf.math.log(tf.cast(behind, tf.float32) / exact) / math.log(config["max_distance"] / exact)
            far = exact + tf.cast(growth * (buckets - exact), distance.dtype)
            return first + tf.where(behind < exact, behind, tf.minimum(far, buckets - 1))

        def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
            distance = tf.range(tf.shape(k)[2]) - tf.range(tf.shape(q)[2])[:, tf.newaxis]
            bias = tf.transpose(self.bias(self.buckets(distance)), [2, 0, 1])
            return {"y": tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) + bias, axis=-1), v)}

    return RelativePositionAttention()


SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 2, "query_length": 5, "key_length": 6, "depth": 3}

LAYER = LayerSpec(
    name="relative_position_attention",
    source="Raffel et al., Exploring the Limits of Transfer Learning with T5 (2020), section 2.1",
    catches="distances of the other sign, logarithms of zero that come through, buckets rounded instead of cut",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "both_ways": True, "buckets": 8, "max_distance": 20},
        {**SMALL, "both_ways": False, "buckets": 6, "max_distance": 7, "key_length": 5},
    ),
)
