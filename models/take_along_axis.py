"""Entries picked along an axis, with an index of its own for every one."""

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
        )
    )


def _picked(config: Config) -> list[int]:
    shape = list(config["inner"])
    shape[config["axis"] - (config["axis"] > 0)] = config["picked"]
    return shape


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x, TensorSpec("indices", config["indices"], ("batch", *_picked(config)))), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    """Draw indices from 0 on: PyTorch's gather takes no negative ones."""
    length = config["inner"][config["axis"] - (config["axis"] > 0)]
    return st.named(
        x=st.tensors((config["batch"], *config["inner"]), config["dtype"]),
        indices=st.indices([config["batch"], *_picked(config)], bound=length, dtype=config["indices"]),
    )


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The entry of x in the same place but for the axis, where it is the one that the index names.

    x: (batch, *inner). indices: likewise, but of any size along the axis. Returns {"y": the shape of the indices}.
    Source: ONNX operator GatherElements, opset 13.
    """
    return {"y": np.take_along_axis(inputs["x"], inputs["indices"], axis=config["axis"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class TakeAlongAxis(torch.nn.Module):
        def forward(self, x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
            return torch.gather(x, config["axis"], indices.long())

    return TakeAlongAxis()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class TakeAlongAxis(tf.Module):
        def __call__(self, x: tf.Tensor, indices: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.keras.ops.take_along_axis(x, indices, axis=config["axis"])}

    return TakeAlongAxis()


LAYER = LayerSpec(
    name="take_along_axis",
    source="ONNX GatherElements-13",
    catches="whole slices gathered instead of entries, another or a negative axis, indices of another type",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "axis": -1, "picked": 2, "indices": "int32"},
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "axis": 1, "picked": 5, "indices": "int32"},
        {"batch": 1, "dtype": "float32", "inner": [1], "axis": 1, "picked": 3, "indices": "int64"},
    ),
)
