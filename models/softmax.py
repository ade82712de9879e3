"""Softmax over any axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    inner = draw(st.shapes(ranks=(1, 3)))
    axis = draw(st.integers(-len(inner) - 1, len(inner)))
    return draw(st.configs(inner=st.just(inner), axis=st.just(axis)))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Exponentials over their sum along one axis, the greatest entry subtracted first.

    x: (batch, *inner). Returns {"y": same shape}. A NaN or +inf anywhere in a row makes the whole row NaN.
    Source: ONNX operator Softmax, opset 13.
    """
    x = inputs["x"]
    shifted = np.exp(x - x.max(axis=config["axis"], keepdims=True))
    return {"y": shifted / shifted.sum(axis=config["axis"], keepdims=True)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.Softmax(dim=config["axis"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class Softmax(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": tf.nn.softmax(x, axis=config["axis"])}

    return Softmax()


LAYER = LayerSpec(
    name="softmax",
    source="Bridle, Probabilistic interpretation of feedforward classification network outputs (1990); ONNX Softmax-13",
    catches="converters that flatten to two axes, or that take axis=-1 for granted",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS_BESIDE_AXES, relations.shifted("x")),
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axis": -1},
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axis": 1},
        {"batch": 3, "dtype": "float32", "inner": [1], "axis": 0},
    ),
)
