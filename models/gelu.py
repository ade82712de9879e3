"""GELU, exact or by its tanh approximation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(inner=st.shapes(ranks=(0, 3)), approximate=st.sampled_from(["none", "tanh"]))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every entry times the normal distribution function at it, exact ("none") or approximate ("tanh").

    x: (batch, *inner). Returns {"y": same shape}. Written with erfc and with a logistic function, which equal
    (1 + erf) / 2 and (1 + tanh) / 2 and lose no digits where x is far below zero. -inf gives NaN, as -inf * 0 does.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, section 2; ONNX operator Gelu, opset 20.
    """
    x = inputs["x"]
    if config["approximate"] == "none":
        erfc = np.vectorize(math.erfc, otypes=[np.float64])
        return {"y": 0.5 * x * erfc(-x / math.sqrt(2))}
    return {"y": x / (1 + np.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The entries themselves: frameworks add 1 to erf or tanh before they multiply by them."""
    return {"y": inputs["x"]}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.GELU(approximate=config["approximate"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class Gelu(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": tf.nn.gelu(x, approximate=config["approximate"] == "tanh")}

    return Gelu()


LAYER = LayerSpec(
    name="gelu",
    source="Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2; ONNX Gelu-20",
    catches="converters that confuse the exact and the tanh form, or that have no erf and approximate it",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "approximate": "none"},
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "approximate": "tanh"},
        {"batch": 3, "dtype": "float32", "inner": [], "approximate": "none"},
        {"batch": 2, "dtype": "float32", "inner": [3, 0], "approximate": "none"},
    ),
)
