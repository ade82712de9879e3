"""Vectors along one or two axes, scaled to Euclidean length 1."""

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
    rank = 1 + len(inner)
    first = draw(st.integers(-rank, rank - 1))
    second = draw(st.integers(0, rank - 1))
    axes = [first, second] if draw(st.integers(0, 3)) == 0 and second != first % rank else [first]
    return draw(st.configs(inner=st.just(inner), axes=st.just(axes), eps=st.sampled_from([1e-12, 1e-6, 1e-3, 2.0])))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every entry over the greater of eps and the root of the sum of squares along the axes.

    x: (batch, *inner). Returns {"y": same shape}. A NaN makes its whole vector NaN, an infinity makes itself NaN and
    the others 0.
    Source: PyTorch's torch.nn.functional.normalize; TensorFlow's tf.math.l2_normalize takes the greater of the sum and
    its epsilon before the root, so that its epsilon is the square of this one.
    """
    x = inputs["x"]
    length = np.sqrt(np.square(x).sum(axis=tuple(config["axes"]), keepdims=True))
    return {"y": x / np.maximum(length, config["eps"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    axes = config["axes"]

    class L2Normalize(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            dim = tuple(axes) if len(axes) > 1 else axes[0]
            return torch.nn.functional.normalize(x, dim=dim, eps=config["eps"])

    return L2Normalize()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    axes = config["axes"]

    class L2Normalize(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            axis = axes if len(axes) > 1 else axes[0]
            return {"y": tf.math.l2_normalize(x, axis=axis, epsilon=config["eps"] ** 2)}

    return L2Normalize()


LAYER = LayerSpec(
    name="l2_normalize",
    source="PyTorch, torch.nn.functional.normalize; TensorFlow, tf.math.l2_normalize; ONNX LpNormalization-22",
    catches="a lost lower bound of the length, one squared or added instead, other axes than the last",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axes": [-1], "eps": 1e-12},
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "axes": [1], "eps": 2.0},
        {"batch": 3, "dtype": "float32", "inner": [2, 3], "axes": [1, 2], "eps": 1e-3},
        {"batch": 3, "dtype": "float32", "inner": [4], "axes": [-1], "eps": 2.0},
    ),
)
