"""The logarithm of the sum of exponentials along an axis."""

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
    return draw(st.configs(inner=st.just(inner), axis=st.integers(-len(inner) - 1, len(inner)), keepdims=st.booleans()))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The greatest entry plus the logarithm of the sum of exponentials of what the entries are below it.

    x: (batch, *inner). Returns {"y": the shape of x without the axis, or with 1 there if keepdims}. NaN if an entry is
    NaN, else infinity if an entry is; -infinity if all entries are.
    Source: ONNX operator ReduceLogSumExp, opset 18; Blanchard, Higham and Higham, Accurately computing the log-sum-exp
    and softmax functions (2021).
    """
    x, axis = inputs["x"], config["axis"]
    greatest = x.max(axis=axis, keepdims=True)
    shift = np.where(np.isinf(greatest), 0, greatest)
    y = np.log(np.exp(x - shift).sum(axis=axis, keepdims=True)) + shift
    return {"y": y if config["keepdims"] else np.squeeze(y, axis=axis)}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the greatest entry and of the logarithm, which are added and may cancel."""
    x, axis, keepdims = inputs["x"], config["axis"], config["keepdims"]
    return {"y": np.abs(x.max(axis=axis, keepdims=keepdims)) + np.log(x.shape[axis])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class LogSumExp(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.logsumexp(x, dim=config["axis"], keepdim=config["keepdims"])

    return LogSumExp()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class LogSumExp(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.reduce_logsumexp(x, axis=config["axis"], keepdims=config["keepdims"])}

    return LogSumExp()


LAYER = LayerSpec(
    name="logsumexp",
    source="ONNX ReduceLogSumExp-18",
    catches="exponentials that overflow because nothing is subtracted first, rows with an infinity, another axis",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "axis": -1, "keepdims": False},
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "axis": 1, "keepdims": True},
        {"batch": 3, "dtype": "float32", "inner": [2], "axis": 0, "keepdims": False},
    ),
)
