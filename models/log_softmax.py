"""Logarithm of the softmax over any axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    inner = draw(st.shapes(ranks=(1, 3), largest=6))
    axis = draw(st.integers(-len(inner) - 1, len(inner)))
    return draw(st.configs(inner=st.just(inner), axis=st.just(axis)))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _terms(config: Config, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Return every entry without the greatest of its row, and the logarithm of the sum of their exponentials."""
    shifted = inputs["x"] - inputs["x"].max(axis=config["axis"], keepdims=True)
    return shifted, np.log(np.exp(shifted).sum(axis=config["axis"], keepdims=True))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every entry less the logarithm of the sum of exponentials along one axis.

    x: (batch, *inner). Returns {"y": same shape}. A NaN or +inf anywhere in a row makes the whole row NaN; -inf stays,
    unless the whole row is.
    Source: ONNX operator LogSoftmax, opset 13.
    """
    shifted, logarithm = _terms(config, inputs)
    return {"y": shifted - logarithm}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Both terms, and 1: a sum of exponentials is at least 1, and its rounding is the error of its logarithm."""
    shifted, logarithm = _terms(config, inputs)
    return {"y": np.abs(shifted) + logarithm + 1}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.LogSoftmax(dim=config["axis"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class LogSoftmax(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": tf.nn.log_softmax(x, axis=config["axis"])}

    return LogSoftmax()


LAYER = LayerSpec(
    name="log_softmax",
    source="Bridle, Probabilistic interpretation of feedforward classification outputs (1990); ONNX LogSoftmax-13",
    catches="the logarithm of a softmax, which is -infinity where the softmax is 0, and another axis than the last",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS_BESIDE_AXES, relations.shifted("x")),
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axis": -1},
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axis": 1},
        {"batch": 3, "dtype": "float32", "inner": [1], "axis": 0},
    ),
)
