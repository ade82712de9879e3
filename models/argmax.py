"""Where the greatest entry along an axis is."""

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
    return draw(
        st.configs(
            inner=st.just(inner),
            axis=st.integers(-len(inner) - 1, len(inner)),
            keepdims=st.booleans(),
            indices=st.sampled_from(["int64", "int32"]),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw numbers that are not NaN, equal ones among them.

    PyTorch takes NaN for the greatest number, as NumPy does; TensorFlow and ONNX leave it open.
    """
    x = draw(st.tensors((config["batch"], *config["inner"]), config["dtype"]))
    return {"x": np.where(np.isnan(x), np.inf, x).astype(x.dtype)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The index of the greatest entry along the axis, the first of equal ones.

    x: (batch, *inner). Returns {"y": the shape of x without the axis, or with 1 there if keepdims}.
    Source: ONNX operator ArgMax, opset 13, with select_last_index 0. TensorFlow and PyTorch leave open which of equal
    entries it is; both take the first one on CPU, and so does whoever converts them as ONNX's ArgMax.
    """
    y = np.argmax(inputs["x"], axis=config["axis"], keepdims=config["keepdims"])
    return {"y": y.astype(config["indices"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class ArgMax(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = torch.argmax(x, dim=config["axis"], keepdim=config["keepdims"])
            return y if config["indices"] == "int64" else y.to(torch.int32)

    return ArgMax()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class ArgMax(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            y = tf.argmax(x, axis=config["axis"], output_type=config["indices"])
            return {"y": tf.expand_dims(y, config["axis"]) if config["keepdims"] else y}

    return ArgMax()


LAYER = LayerSpec(
    name="argmax",
    source="ONNX ArgMax-13; TensorFlow, tf.math.argmax",
    catches="the last of equal entries, another axis, a dropped axis, indices of another type",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "axis": -1, "keepdims": False, "indices": "int32"},
        {"batch": 2, "dtype": "float32", "inner": [3, 4], "axis": 1, "keepdims": True, "indices": "int32"},
        {"batch": 3, "dtype": "float32", "inner": [2], "axis": 0, "keepdims": False, "indices": "int64"},
    ),
)
