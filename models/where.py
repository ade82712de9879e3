"""A choice between two tensors, element by element, all three broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

BROADCAST = ["none", "last", "first", "all"]


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(1, 3), largest=5),
        condition=st.sampled_from(BROADCAST[:3]),
        other=st.sampled_from(BROADCAST),
    )


def _shape(config: Config, broadcast: str) -> list[int]:
    """Return the inner shape with size 1 along the last axis, the first one or all of them."""
    inner: list[int] = list(config["inner"])
    return {"none": inner, "last": [*inner[:-1], 1], "first": [1, *inner[1:]], "all": [1] * len(inner)}[broadcast]


def signature(config: Config) -> Signature:
    return Signature(
        inputs=(
            TensorSpec("condition", "bool", ("batch", *_shape(config, config["condition"]))),
            TensorSpec("a", config["dtype"], ("batch", *config["inner"])),
            # Without the axis of the batch.
            TensorSpec("b", config["dtype"], tuple(_shape(config, config["other"]))),
        ),
        outputs=("y",),
    )


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    batch = config["batch"]
    return st.named(
        condition=st.masks([batch, *_shape(config, config["condition"])]),
        a=st.tensors((batch, *config["inner"]), config["dtype"]),
        b=st.tensors(_shape(config, config["other"]), config["dtype"]),
    )


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The element of a where the condition is true, else that of b; a NaN in the other one does not matter.

    condition: (batch, *inner) with 1 for some sizes. a: (batch, *inner). b: inner with 1 for some sizes.
    Returns {"y": (batch, *inner)}.
    Source: ONNX operator Where, opset 16.
    """
    return {"y": np.where(inputs["condition"], inputs["a"], inputs["b"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class Where(torch.nn.Module):
        def forward(self, condition: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return torch.where(condition, a, b)

    return Where()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class Where(tf.Module):
        def __call__(self, condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.where(condition, a, b)}

    return Where()


def _a_not_taken(inputs: Arrays) -> tuple[str, np.ndarray]:
    return "a", ~np.broadcast_to(inputs["condition"], inputs["a"].shape)


def _b_not_taken(inputs: Arrays) -> tuple[str, np.ndarray]:
    """Return b, and where no row takes it; an axis along which b has size 1 is one that it is taken along."""
    taken = ~np.broadcast_to(inputs["condition"], inputs["a"].shape)
    b = inputs["b"]
    along = tuple(axis for axis, size in enumerate(b.shape) if size == 1)
    return "b", ~taken.any(axis=0).any(axis=along, keepdims=True)


LAYER = LayerSpec(
    name="where",
    source="ONNX Where-16",
    catches="NaN or infinity that comes through from the branch not taken, operands that are not broadcast",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(
        relations.rows_alone("condition", "a"),
        relations.turned("rows in any order", "rows are chosen one by one", lambda _: {"condition": 0, "a": 0, "y": 0}),
        relations.unread("a not taken", "what is not chosen is not read", _a_not_taken),
        relations.unread("b not taken", "what is not chosen is not read", _b_not_taken),
    ),
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "condition": "none", "other": "none"},
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "condition": "last", "other": "first"},
        {"batch": 3, "dtype": "float32", "inner": [4], "condition": "none", "other": "all"},
    ),
)
