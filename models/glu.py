"""Gated linear unit: the first half along an axis times the logistic function of the second half."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; the axis is never that of the batch, whose size need not be even."""
    inner = draw(st.shapes(ranks=(1, 3), largest=5))
    axis = draw(st.integers(1, len(inner)))
    inner[axis - 1] = 2 * draw(st.sizes(3))
    return draw(st.configs(inner=st.just(inner), axis=st.sampled_from([axis, axis - len(inner) - 1])))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The first half over 1 + exp(-the second half).

    x: (batch, *inner), even along the axis. Returns {"y": half as long along the axis}.
    Source: Dauphin et al., Language Modeling with Gated Convolutional Networks, section 2.
    """
    value, gate = np.split(inputs["x"], 2, axis=config["axis"])
    return {"y": value / (1 + np.exp(-gate))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.GLU(config["axis"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class Glu(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": keras.activations.glu(x, axis=config["axis"])}

    return Glu()


LAYER = LayerSpec(
    name="glu",
    source="Dauphin et al., Language Modeling with Gated Convolutional Networks (2017), section 2",
    catches="halves that are swapped, interleaved or taken along another axis",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS_BESIDE_AXES,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 6], "axis": -1},
        {"batch": 3, "dtype": "float32", "inner": [4, 3], "axis": 1},
    ),
)
