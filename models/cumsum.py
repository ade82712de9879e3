"""Running sums along an axis, from either end, with or without the element itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    inner = draw(st.shapes(ranks=(0, 3), largest=6))
    return draw(
        st.configs(
            inner=st.just(inner),
            axis=st.integers(-len(inner) - 1, len(inner)),
            exclusive=st.booleans(),
            reverse=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _sums(config: Config, x: np.ndarray) -> np.ndarray:
    rows = np.moveaxis(x, config["axis"], 0)
    rows = rows[::-1] if config["reverse"] else rows
    if config["exclusive"]:
        rows = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    sums = np.cumsum(rows, axis=0)
    return np.moveaxis(sums[::-1] if config["reverse"] else sums, 0, config["axis"])


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every element plus all before it on the axis ("reverse": behind it); without the element itself if "exclusive".

    x: (batch, *inner). Returns {"y": same shape}. The first of exclusive sums is 0, also where the element is NaN.
    Source: ONNX operator CumSum, opset 14.
    """
    return {"y": _sums(config, inputs["x"])}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The same sums of magnitudes."""
    return {"y": _sums(config, np.abs(inputs["x"]))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    axis = config["axis"]

    class CumSum(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if config["reverse"]:
                x = x.flip(axis)
            if config["exclusive"]:
                zero = torch.zeros_like(x.narrow(axis, 0, 1))
                x = torch.cat([zero, x.narrow(axis, 0, x.shape[axis] - 1)], dim=axis)
            y = torch.cumsum(x, dim=axis)
            return y.flip(axis) if config["reverse"] else y

    return CumSum()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class CumSum(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            y = tf.cumsum(x, axis=config["axis"], exclusive=config["exclusive"], reverse=config["reverse"])
            return {"y": y}

    return CumSum()


LAYER = LayerSpec(
    name="cumsum",
    source="ONNX CumSum-14; TensorFlow, tf.math.cumsum",
    catches="exclusive or reverse sums taken for plain ones, exclusive sums as a difference, a negative axis",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axis": -1, "exclusive": False, "reverse": False},
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axis": 1, "exclusive": True, "reverse": False},
        {"batch": 3, "dtype": "float32", "inner": [4], "axis": -1, "exclusive": True, "reverse": True},
        {"batch": 3, "dtype": "float32", "inner": [], "axis": 0, "exclusive": False, "reverse": True},
    ),
)
