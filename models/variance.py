"""The variance along an axis, of all there is or of a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw any axis but that of the batch, whose size may be open, and so not known to the divisor.

    A single entry has no correction: the variance of a sample of one is 0 / 0, of which PyTorch warns.
    """
    inner = draw(st.shapes(ranks=(1, 3), largest=6))
    axis = draw(st.sampled_from([*range(1, len(inner) + 1), *range(-len(inner), 0)]))
    entries = inner[axis - (axis > 0)]
    return draw(
        st.configs(
            inner=st.just(inner),
            axis=st.just(axis),
            correction=st.sampled_from([0, 1] if entries > 1 else [0]),
            keepdims=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The mean square of what the entries differ from their mean; over n - 1 instead of n with correction 1.

    x: (batch, *inner). Returns {"y": the shape of x without the axis, or with 1 there if keepdims}.
    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983), section 1; PyTorch, torch.var.
    """
    x, axis = inputs["x"], config["axis"]
    squares = np.square(x - x.mean(axis=axis, keepdims=True)).sum(axis=axis, keepdims=config["keepdims"])
    return {"y": squares / np.float64(x.shape[axis] - config["correction"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class Variance(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.var(x, dim=config["axis"], correction=config["correction"], keepdim=config["keepdims"])

    return Variance()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    """Sum the squares where there is a correction, which tf.math.reduce_variance does not have."""
    import tensorflow as tf

    axis, keepdims = config["axis"], config["keepdims"]

    class Variance(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            if not config["correction"]:
                return {"y": tf.math.reduce_variance(x, axis=axis, keepdims=keepdims)}
            squares = tf.math.squared_difference(x, tf.reduce_mean(x, axis=axis, keepdims=True))
            return {"y": tf.reduce_sum(squares, axis=axis, keepdims=keepdims) / float(x.shape[axis] - 1)}

    return Variance()


LAYER = LayerSpec(
    name="variance",
    source="Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983); PyTorch, torch.var",
    catches="n taken for n - 1, the mean of squares minus the square of the mean, a single entry, another axis",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "axis": -1, "correction": 0, "keepdims": False},
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "axis": 1, "correction": 1, "keepdims": True},
        {"batch": 2, "dtype": "float32", "inner": [1], "axis": 1, "correction": 0, "keepdims": False},
    ),
)
