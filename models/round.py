"""Rounding to whole numbers: to the nearest, down, up, towards zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import limits
from nnparity.layers import LayerSpec, Signature

ROUND = {"round": np.round, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc}


def configs() -> st.SearchStrategy[Config]:
    return st.configs(inner=st.shapes(ranks=(0, 3), largest=6), mode=st.sampled_from(list(ROUND)))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw numbers; now and then about the last place where the dtype has halves, 2**22 in float32."""
    x = draw(st.tensors((config["batch"], *config["inner"]), config["dtype"]))
    last = 2.0 ** (limits(config["dtype"]).nmant - 1)
    shift = draw(st.sampled_from([0, 0, 0, last, -last]))
    return {"x": x + x.dtype.type(shift)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The nearest whole number, the even one of two ("round"), or the next one downwards, upwards or towards zero.

    x: (batch, *inner). Returns {"y": same shape}. NaN and infinities stay.
    Source: IEEE 754-2019, section 5.9, roundToIntegralTiesToEven, -TowardNegative, -TowardPositive, -TowardZero.
    """
    return {"y": ROUND[config["mode"]](inputs["x"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    function = getattr(torch, config["mode"])

    class Round(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return function(x)

    return Round()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    functions = {"round": tf.round, "floor": tf.floor, "ceil": tf.math.ceil, "trunc": tf.keras.ops.trunc}
    function = functions[config["mode"]]

    class Round(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": function(x)}

    return Round()


LAYER = LayerSpec(
    name="round",
    source="IEEE 754-2019, section 5.9; ONNX Round-11, Floor-13, Ceil-13",
    catches="halves that go away from zero instead of to the even number, rounding by way of an integer",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "mode": "round"},
        {"batch": 2, "dtype": "float32", "inner": [5], "mode": "floor"},
        {"batch": 3, "dtype": "float32", "inner": [], "mode": "ceil"},
        {"batch": 2, "dtype": "float32", "inner": [3], "mode": "trunc"},
    ),
)
