"""Mish: every entry times the hyperbolic tangent of its softplus."""

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
    """Every entry times tanh(log(1 + exp(x))).

    x: (batch, *inner). Returns {"y": same shape}. -inf gives NaN, as -inf * 0 does.
    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, section 2; ONNX operator Mish, opset 22.
    """
    x = inputs["x"]
    return {"y": x * np.tanh(np.logaddexp(0, x))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.Mish()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class Mish(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": keras.activations.mish(x)}

    return Mish()


LAYER = LayerSpec(
    name="mish",
    source="Misra, Mish: A Self Regularized Non-Monotonic Activation Function (2019), section 2; ONNX Mish-22",
    catches="softplus that overflows or is 0 too early, and a tanh that is imprecise near 0",
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
