"""Clipping to a range."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    """Draw bounds of both orders, equal ones and one that is missing; all of them are float32 numbers."""
    bounds = [[-1.0, 1.0], [0.0, 6.0], [0.5, 0.5], [2.0, -1.5], [None, 0.25], [-0.5, None]]
    return st.configs(inner=st.shapes(ranks=(0, 3), largest=6), bounds=st.sampled_from(bounds))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The greater one of x and the lower bound, then the smaller one of that and the upper bound; NaN stays.

    x: (batch, *inner). Returns {"y": same shape}. Where the bounds are the wrong way round, all is the upper one.
    Source: ONNX operator Clip, opset 13; PyTorch, torch.clamp.
    """
    y, (lower, upper) = inputs["x"], config["bounds"]
    if lower is not None:
        y = np.maximum(y, lower)
    return {"y": y if upper is None else np.minimum(y, upper)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    lower, upper = config["bounds"]

    class Clip(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.clamp(x, min=lower, max=upper)

    return Clip()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    """Take minimum and maximum apart where the bounds are the wrong way round: tf.clip_by_value has it undefined."""
    import tensorflow as tf

    lower, upper = config["bounds"]

    class Clip(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            if None not in (lower, upper) and lower <= upper:
                return {"y": tf.clip_by_value(x, lower, upper)}
            if lower is not None:
                x = tf.maximum(x, lower)
            return {"y": x if upper is None else tf.minimum(x, upper)}

    return Clip()


LAYER = LayerSpec(
    name="clip",
    source="ONNX Clip-13; PyTorch, torch.clamp",
    catches="NaN replaced by a bound, bounds in the other order, a bound that is missing and taken for 0",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "bounds": [-1.0, 1.0]},
        {"batch": 2, "dtype": "float32", "inner": [5], "bounds": [2.0, -1.5]},
        {"batch": 3, "dtype": "float32", "inner": [4], "bounds": [-0.5, None]},
    ),
)
