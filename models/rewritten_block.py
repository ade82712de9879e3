"""A transformer block written plainly, and in ways that change nothing but what an optimiser can recognise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

EPSILON = 1e-5
SIZES: Config = {"activation": "gelu", "heads": 2, "embed": 32, "hidden": 64}
"""What all configs have in common; a depth of 16 is none that Keras scales inexactly."""
WIDER = {"float16": "float32", "bfloat16": "float32"}
"""The dtype that a cast goes to and comes back from without any loss, float64 for all others."""

# How the block is written: report sections compare models that differ in this key with the plain one.
WRITTEN = ("plain", "reshaped", "cast", "decomposed")
erfc = np.vectorize(math.erfc, otypes=[np.float64])


def configs() -> st.SearchStrategy[Config]:
    always = {name: st.just(size) for name, size in SIZES.items()}
    return st.configs(written=st.sampled_from(list(WRITTEN)), length=st.sizes(6), **always)


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["embed"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["length"], config["embed"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    embed, hidden = config["embed"], config["hidden"]
    dense = {
        "query": (embed, embed),
        "key": (embed, embed),
        "value": (embed, embed),
        "output": (embed, embed),
        "expand": (embed, hidden),
        "contract": (hidden, embed),
    }
    return {
        **{f"{name}_weight": rng.standard_normal(shape) / math.sqrt(shape[0]) for name, shape in dense.items()},
        **{f"{name}_bias": rng.standard_normal(shape[1]) / 4 for name, shape in dense.items()},
        **{f"{name}_weight": 1 + rng.standard_normal(embed) / 4 for name in ("norm1", "norm2")},
        **{f"{name}_bias": rng.standard_normal(embed) / 4 for name in ("norm1", "norm2")},
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Residual self-attention of a layer norm, then a residual network with an exact GELU of another layer norm.

    x: (batch, length, embed). <dense>_weight: (size in, size out); query, key and value group their columns by head.
    norm1, norm2: scale and shift over the last axis, variance over embed, epsilon 1e-5 inside the root.
    Returns {"y": (batch, length, embed)}, whatever config["written"] is.
    Source: Xiong et al., On Layer Normalization in the Transformer Architecture (2020), figure 1; Vaswani et al.,
    Attention Is All You Need (2017), section 3; Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.
    """

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return centred / deviation * weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def attend(x: np.ndarray) -> np.ndarray:
        by_head = (*x.shape[:2], config["heads"], config["embed"] // config["heads"])
        q, k, v = (dense(name, x).reshape(by_head) for name in ("query", "key", "value"))
        scores = np.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return dense("output", np.einsum("bhqk,bkhd->bqhd", attention, v).reshape(x.shape))

    def feed_forward(x: np.ndarray) -> np.ndarray:
        expanded = dense("expand", x)
        return dense("contract", expanded / 2 * erfc(-expanded / math.sqrt(2)))

    x = inputs["x"]
    x = x + attend(norm("norm1", x))
    return {"y": x + feed_forward(norm("norm2", x))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor
    from torch.nn import functional

    written, length, embed = config["written"], config["length"], config["embed"]
    heads, depth = config["heads"], embed // config["heads"]
    narrow = getattr(torch, config["dtype"])
    wide = getattr(torch, WIDER.get(config["dtype"], "float64"))

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, array in weights.items():
                self.register_parameter(name, torch.nn.Parameter(torch.tensor(array.T.copy())))

        def forward(self, x: Tensor) -> Tensor:
            x = x + self.between(self.attend(self.between(self.norm("norm1", x))))
            return x + self.between(self.feed_forward(self.between(self.norm("norm2", x))))

        def between(self, x: Tensor) -> Tensor:
            if written == "reshaped":
                flat = x.reshape(x.shape[0], length * embed).reshape(x.shape[0], length, embed)
                return flat.transpose(1, 2).contiguous().transpose(1, 2)
            return x.to(wide).to(narrow) if written == "cast" else x

        def dense(self, name: str, x: Tensor) -> Tensor:
            weight, bias = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
            if written == "decomposed":
                return torch.matmul(x, weight.transpose(0, 1)) + bias
            return functional.linear(x, weight, bias)

        def norm(self, name: str, x: Tensor) -> Tensor:
            scale, shift = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
            if written != "decomposed":
                return functional.layer_norm(x, (embed,), scale, shift, EPSILON)
            centred = x - x.mean(-1, keepdim=True)
            variance = (centred * centred).mean(-1, keepdim=True)
            return centred / torch.sqrt(variance + EPSILON) * scale + shift

        def attend(self, x: Tensor) -> Tensor:
            q, k, v = (
                self.between(self.dense(name, x)).reshape(x.shape[0], length, heads, depth).transpose(1, 2)
                for name in ("query", "key", "value")
            )
            if written == "decomposed":
                scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(depth)
                exponentials = torch.exp(scores - scores.amax(-1, keepdim=True))
                joined = torch.matmul(exponentials / exponentials.sum(-1, keepdim=True), v)
            else:
                joined = functional.scaled_dot_product_attention(q, k, v)
            return self.dense("output", self.between(joined.transpose(1, 2).reshape(x.shape[0], length, embed)))

        def feed_forward(self, x: Tensor) -> Tensor:
            expanded = self.dense("expand", x)
            if written == "decomposed":
                return self.dense("contract", expanded * 0.5 * (1 + torch.erf(expanded / math.sqrt(2))))
            return self.dense("contract", functional.gelu(expanded))

    return Block().eval()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor
    from tensorflow.keras import layers

    written, length, dtype = config["written"], config["length"], config["dtype"]
    embed, heads = config["embed"], config["heads"]
    depth = embed // heads
    wide = WIDER.get(dtype, "float64")

    class Block(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.held = {name: tf.Variable(array) for name, array in weights.items()}
            self.norms = {}
            for name in ("norm1", "norm2"):
                self.norms[name] = layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
                self.norms[name].build((None, length, embed))
                self.norms[name].set_weights([weights[f"{name}_weight"], weights[f"{name}_bias"]])

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            x = x + self.between(self.attend(self.between(self.norm("norm1", x))))
            return {"y": x + self.between(self.feed_forward(self.between(self.norm("norm2", x))))}

        def between(self, x: Tensor) -> Tensor:
            if written == "reshaped":
                flat = tf.reshape(tf.reshape(x, (tf.shape(x)[0], length * embed)), (tf.shape(x)[0], length, embed))
                return tf.transpose(tf.transpose(flat, (0, 2, 1)), (0, 2, 1))
            return tf.cast(tf.cast(x, wide), dtype) if written == "cast" else x

        def dense(self, name: str, x: Tensor) -> Tensor:
            return tf.matmul(x, self.held[f"{name}_weight"]) + self.held[f"{name}_bias"]

        def norm(self, name: str, x: Tensor) -> Tensor:
            if written != "decomposed":
                return self.norms[name](x)
            centred = x - tf.reduce_mean(x, -1, keepdims=True)
            variance = tf.reduce_mean(centred * centred, -1, keepdims=True)
            return centred / tf.sqrt(variance + EPSILON) * self.held[f"{name}_weight"] + self.held[f"{name}_bias"]

        def attend(self, x: Tensor) -> Tensor:
            by_head = (tf.shape(x)[0], length, heads, depth)
            q, k, v = (
                tf.transpose(tf.reshape(self.between(self.dense(name, x)), by_head), (0, 2, 1, 3))
                for name in ("query", "key", "value")
            )
            scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(depth)
            if written == "decomposed":
                exponentials = tf.exp(scores - tf.reduce_max(scores, -1, keepdims=True))
                attention = exponentials / tf.reduce_sum(exponentials, -1, keepdims=True)
            else:
                attention = tf.nn.softmax(scores)
            joined = tf.transpose(tf.matmul(attention, v), (0, 2, 1, 3))
            return self.dense("output", self.between(tf.reshape(joined, (tf.shape(x)[0], length, embed))))

        def feed_forward(self, x: Tensor) -> Tensor:
            expanded = self.dense("expand", x)
            if written == "decomposed":
                return self.dense("contract", expanded * 0.5 * (1 + tf.math.erf(expanded / math.sqrt(2))))
            return self.dense("contract", tf.nn.gelu(expanded, approximate=False))

    return Block()


LAYER = LayerSpec(
    name="rewritten_block",
    source="Xiong et al., On Layer Normalization in the Transformer Architecture (2020), figure 1",
    catches="fusions that a reshape, a cast or an operator written out prevents, and fusions that then go wrong",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=tuple({**SIZES, "batch": 2, "dtype": "float32", "written": one, "length": 16} for one in WRITTEN),
)
