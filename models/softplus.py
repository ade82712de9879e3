"""Softplus, with a steepness and a threshold from which on it is the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

NO_THRESHOLD = 40.0
"""From here on not even float64 tells log(1 + exp(x)) from x."""


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(0, 3), largest=5),
        beta=st.sampled_from([1.0, 1.0, 0.5, 3.0]),
        threshold=st.sampled_from([NO_THRESHOLD, 20.0, 2.5]),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold.

    x: (batch, *inner). Returns {"y": same shape}. A threshold of 2.5 makes a step of 0.08 / beta.
    Source: Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, section 3;
    PyTorch's torch.nn.Softplus for beta and threshold, which neither TensorFlow nor the ONNX operator Softplus-22 has.
    """
    x, beta = inputs["x"], config["beta"]
    return {"y": np.where(beta * x > config["threshold"], x, np.logaddexp(0, beta * x) / beta)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.Softplus(config["beta"], config["threshold"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    beta, threshold = config["beta"], config["threshold"]

    class Softplus(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            y = tf.math.softplus(x) if beta == 1 else tf.math.softplus(beta * x) / beta
            return {"y": y if threshold == NO_THRESHOLD else tf.where(beta * x > threshold, x, y)}

    return Softplus()


LAYER = LayerSpec(
    name="softplus",
    source="Dugas et al., Incorporating Second-Order Functional Knowledge (2001), section 3; PyTorch torch.nn.Softplus",
    catches="a lost beta or threshold, exponentials that overflow, 1 + exp(x) that loses the left tail",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "beta": 1.0, "threshold": 20.0},
        {"batch": 2, "dtype": "float32", "inner": [5], "beta": 3.0, "threshold": 2.5},
        {"batch": 3, "dtype": "float32", "inner": [], "beta": 0.5, "threshold": NO_THRESHOLD},
    ),
)
