"""Sorting along an axis."""

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
        st.configs(inner=st.just(inner), axis=st.integers(-len(inner) - 1, len(inner)), descending=st.booleans())
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw numbers that are not NaN: PyTorch takes it for the greatest number, TensorFlow leaves it open."""
    x = draw(st.tensors((config["batch"], *config["inner"]), config["dtype"]))
    return {"x": np.where(np.isnan(x), -np.inf, x).astype(x.dtype)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The entries along the axis in order, the least first or the greatest first.

    x: (batch, *inner). Returns {"y": same shape}.
    Source: TensorFlow, tf.sort; PyTorch, torch.sort.
    """
    y = np.sort(inputs["x"], axis=config["axis"])
    return {"y": np.flip(y, axis=config["axis"]) if config["descending"] else y}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class Sort(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sort(x, dim=config["axis"], descending=config["descending"]).values

    return Sort()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    direction = "DESCENDING" if config["descending"] else "ASCENDING"

    class Sort(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.sort(x, axis=config["axis"], direction=direction)}

    return Sort()


LAYER = LayerSpec(
    name="sort",
    source="TensorFlow, tf.sort; PyTorch, torch.sort; ONNX TopK-11",
    catches="the other direction, another axis, lost or doubled entries among equal ones",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "axis": -1, "descending": False},
        {"batch": 3, "dtype": "float32", "inner": [2, 4], "axis": 1, "descending": True},
        {"batch": 4, "dtype": "float32", "inner": [], "axis": 0, "descending": False},
    ),
)
