"""A tensor times a drawn factor: the smallest layer that has weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def signature(config: Config) -> Signature:
    return Signature(inputs=(TensorSpec("x", config["dtype"], ("batch", *config["inner"])),), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], *config["inner"])
    return st.named(x=st.tensors(shape, config["dtype"], extreme=False, non_finite=False))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {"factor": rng.uniform(1, 2, ())}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """x: (batch, *inner). Returns {"y": same shape}."""
    return {"y": np.multiply(weights["factor"], inputs["x"])}


class Scale:
    """What the toy framework calls a model."""

    def __init__(self, factor: np.ndarray) -> None:
        self.factor = factor

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.multiply(self.factor, x))


def build_toy(config: Config, weights: Arrays) -> Any:
    return Scale(weights["factor"])


LAYER = LayerSpec(
    name="toy_scale",
    source="made for the tests of the engine",
    catches="engines that lose a factor",
    configs=st.configs(inner=st.shapes(ranks=(1, 2))),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"toy": build_toy},
    examples=({"batch": 2, "dtype": "float32", "inner": [3]},),
)
