"""Slices picked along an axis by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    inner = draw(st.shapes(ranks=(1, 3), largest=5))
    return draw(
        st.configs(
            inner=st.just(inner),
            # Any axis but that of the batch, whose size may be open.
            axis=st.sampled_from([*range(1, len(inner) + 1), *range(-len(inner), 0)]),
            picked=st.sizes(5),
            indices=st.sampled_from(["int32", "int64"]),
            negative=st.booleans(),
        )
    )


def _length(config: Config) -> int:
    return int(config["inner"][config["axis"] - (config["axis"] > 0)])


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x, TensorSpec("indices", config["indices"], (config["picked"],))), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw numbers and indices, which repeat; if config["negative"], some count from the end."""
    length = _length(config)
    x = draw(st.tensors((config["batch"], *config["inner"]), config["dtype"]))
    indices = draw(st.indices([config["picked"]], bound=length, dtype=config["indices"]))
    if config["negative"]:
        from_end = draw(st.masks([config["picked"]]))
        indices = np.where(from_end, indices - length, indices).astype(config["indices"])
    return {"x": x, "indices": indices}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The slices of x along the axis that have these indices; -1 is the last one.

    x: (batch, *inner). indices: (picked,). Returns {"y": as x, with `picked` slices along the axis}.
    Source: ONNX operator Gather, opset 13.
    """
    return {"y": np.take(inputs["x"], inputs["indices"], axis=config["axis"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    """Index by a tensor, since index_select takes no negative indices."""
    import torch

    axis = config["axis"] % (len(config["inner"]) + 1)

    class Gather(torch.nn.Module):
        def forward(self, x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
            if config["negative"]:
                return x[(slice(None),) * axis + (indices,)]
            return torch.index_select(x, config["axis"], indices)

    return Gather()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    """Add the length to negative indices, which tf.gather does not take on CPU."""
    import tensorflow as tf

    class Gather(tf.Module):
        def __call__(self, x: tf.Tensor, indices: tf.Tensor) -> dict[str, tf.Tensor]:
            if config["negative"]:
                indices = tf.where(indices < 0, indices + _length(config), indices)
            return {"y": tf.gather(x, indices, axis=config["axis"])}

    return Gather()


LAYER = LayerSpec(
    name="gather",
    source="ONNX Gather-13",
    catches="negative indices, negative axes, indices of another type, repeated indices",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(
        relations.rows_alone("x"),
        relations.turned("rows in any order", "rows are looked up alike", lambda _: {"x": 0, "y": 0}),
        relations.renumbered(table="x", indices="indices", axis=lambda config: int(config["axis"])),
        relations.turned(
            "picked in any order",
            "slices are picked one by one",
            lambda config: {"indices": 0, "y": config["axis"]},
        ),
    ),
    examples=(
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [4, 3],
            "axis": 1,
            "picked": 3,
            "indices": "int32",
            "negative": False,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [3, 4],
            "axis": -1,
            "picked": 5,
            "indices": "int32",
            "negative": True,
        },
        {"batch": 1, "dtype": "float32", "inner": [1], "axis": 1, "picked": 2, "indices": "int64", "negative": True},
    ),
)
