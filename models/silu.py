"""SiLU, also called Swish: every entry times its own logistic function."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(inner=st.shapes(ranks=(0, 3)))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every entry over 1 + exp(-x).

    x: (batch, *inner). Returns {"y": same shape}. -inf gives NaN, as -inf * 0 does.
    Source: Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units, section 2; ONNX operator Swish, opset 24.
    """
    x = inputs["x"]
    return {"y": x / (1 + np.exp(-x))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.SiLU()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class Silu(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": tf.nn.silu(x)}

    return Silu()


LAYER = LayerSpec(
    name="silu",
    source="Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units (2017), section 2; ONNX Swish-24",
    catches="logistic functions that are approximate, overflow, or are 0 too early in the left tail",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5]},
        {"batch": 3, "dtype": "float32", "inner": []},
    ),
)
