"""One-hot vectors of class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(0, 2), largest=5),
        classes=st.sizes(6),
        classes_last=st.booleans(),
        indices=st.sampled_from(["int32", "int64"]),
    )


def signature(config: Config) -> Signature:
    return Signature(inputs=(TensorSpec("indices", config["indices"], ("batch", *config["inner"])),), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    """Draw indices in range: others are an error in PyTorch, and all zeros in TensorFlow."""
    shape = (config["batch"], *config["inner"])
    return st.named(indices=st.indices(shape, bound=config["classes"], dtype=config["indices"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """1 at the index, 0 elsewhere, along a new axis: the last one, or the one behind the batch.

    indices: (batch, *inner), each in [0, classes). Returns {"y": (batch, *inner, classes) or (batch, classes, *inner)}.
    Source: ONNX operator OneHot, opset 11, with axis -1 or 1 and values 0 and 1.
    """
    y = np.eye(config["classes"])[inputs["indices"]]
    return {"y": y if config["classes_last"] else np.moveaxis(y, -1, 1)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    dtype = getattr(torch, config["dtype"])

    class OneHot(torch.nn.Module):
        def forward(self, indices: torch.Tensor) -> torch.Tensor:
            y = torch.nn.functional.one_hot(indices.long(), config["classes"]).to(dtype)
            return y if config["classes_last"] else torch.movedim(y, -1, 1)

    return OneHot()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    axis = -1 if config["classes_last"] else 1

    class OneHot(tf.Module):
        def __call__(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.one_hot(indices, config["classes"], axis=axis, dtype=config["dtype"])}

    return OneHot()


LAYER = LayerSpec(
    name="one_hot",
    source="ONNX OneHot-11",
    catches="the new axis in another place, a number of classes taken from the data, indices or values of another type",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [3],
            "classes": 4,
            "classes_last": True,
            "indices": "int32",
        },
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [3],
            "classes": 4,
            "classes_last": False,
            "indices": "int32",
        },
        {
            "batch": 3,
            "dtype": "float32",
            "inner": [],
            "classes": 1,
            "classes_last": True,
            "indices": "int64",
        },
    ),
)
