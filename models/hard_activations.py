"""Hard tanh, hard sigmoid and hard swish: activations made of straight lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    kind = draw(st.sampled_from(["hardtanh", "hardsigmoid", "hardswish"]))
    bounds = st.sampled_from([[-1.0, 1.0], [0.0, 6.0], [-2.5, 0.5], [1.0, 2.0]])
    keys = {"bounds": bounds} if kind == "hardtanh" else {}
    return draw(st.configs(kind=st.just(kind), inner=st.shapes(ranks=(0, 3), largest=5), **keys))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    """Draw inputs; small integers and halves lie on every bound."""
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """hardtanh: x between its bounds. hardsigmoid: x / 6 + 1 / 2 between 0 and 1. hardswish: x times that.

    x: (batch, *inner). Returns {"y": same shape}. hardswish of -inf is NaN, as -inf * 0 is.
    Source: Howard et al., Searching for MobileNetV3, section 5.2; ONNX operators Clip, opset 13, and HardSwish, opset
    22. The ONNX operator HardSigmoid has a slope of 0.2 unless told otherwise, and so had Keras before version 3.
    """
    x = inputs["x"]
    if config["kind"] == "hardtanh":
        return {"y": np.clip(x, *config["bounds"])}
    gate = np.clip(x + 3, 0, 6) / 6
    return {"y": gate if config["kind"] == "hardsigmoid" else x * gate}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The terms x / 6 and 1 / 2, times x for hardswish, where the gate is neither 0 nor 1; else 0."""
    x = inputs["x"]
    if config["kind"] == "hardtanh":
        return {"y": np.zeros_like(x)}
    terms = np.where(np.abs(x) <= 3, np.abs(x) / 6 + 0.5, 0)
    return {"y": terms if config["kind"] == "hardsigmoid" else terms * np.minimum(np.abs(x), 3)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    if config["kind"] == "hardtanh":
        return torch.nn.Hardtanh(*config["bounds"])
    return torch.nn.Hardsigmoid() if config["kind"] == "hardsigmoid" else torch.nn.Hardswish()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class HardActivation(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            if config["kind"] == "hardtanh":
                return {"y": tf.clip_by_value(x, *config["bounds"])}
            if config["kind"] == "hardsigmoid":
                return {"y": keras.activations.hard_sigmoid(x)}
            return {"y": keras.activations.hard_swish(x)}

    return HardActivation()


LAYER = LayerSpec(
    name="hard_activations",
    source="Howard et al., Searching for MobileNetV3 (2019), section 5.2; ONNX Clip-13 and HardSwish-22",
    catches="a hard sigmoid of slope 0.2, bounds that are lost or taken for 0 and 6, NaN that becomes a bound",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "kind": "hardtanh", "bounds": [-2.5, 0.5], "inner": [3, 4]},
        {"batch": 2, "dtype": "float32", "kind": "hardsigmoid", "inner": [3, 5]},
        {"batch": 3, "dtype": "float32", "kind": "hardswish", "inner": [4]},
    ),
)
