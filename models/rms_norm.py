"""Root mean square normalisation over the last one or two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import limits
from nnparity.layers import BUILT_IN, LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    inner = draw(st.shapes(ranks=(1, 3)))
    return draw(
        st.configs(
            inner=st.just(inner),
            axes=st.integers(1, min(2, len(inner))),
            eps=st.sampled_from(["default", 1e-6, 1e-5, 1e-3, 1e-12]),
            affine=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    shape = config["inner"][-config["axes"] :]
    return {"scale": 1 + rng.standard_normal(shape) / 2} if config["affine"] else {}


def _eps(config: Config) -> float:
    if config["eps"] != "default":
        return float(config["eps"])
    return float(limits(config.get(BUILT_IN, config["dtype"])).eps)


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every entry over the square root of the mean square + eps, times scale.

    x: (batch, *inner). scale: inner[-axes:]. Returns {"y": same shape}. The eps "default" is PyTorch's: the distance
    from 1 to the next number of the dtype in which the model was built. A NaN makes the whole group NaN, an infinity
    makes itself NaN and the others 0.
    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, section 4; ONNX operator RMSNormalization, opset
    23.
    """
    x = inputs["x"]
    axes = tuple(range(-config["axes"], 0))
    y = x / np.sqrt(np.square(x).mean(axis=axes, keepdims=True) + _eps(config))
    return {"y": y * weights.get("scale", 1.0)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    module = torch.nn.RMSNorm(
        config["inner"][-config["axes"] :],
        eps=None if config["eps"] == "default" and BUILT_IN not in config else _eps(config),
        elementwise_affine=config["affine"],
        dtype=getattr(torch, config["dtype"]),
    )
    names = {"scale": "weight"}
    module.load_state_dict({names[name]: torch.tensor(array) for name, array in weights.items()})
    return module


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    axes = list(range(-config["axes"], 0))

    class RmsNorm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.normalise = keras.layers.RMSNormalization(axis=axes, epsilon=_eps(config), dtype=config["dtype"])
            self.normalise.build((None, *config["inner"]))
            self.normalise.set_weights([weights["scale"]])

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.normalise(x)}

    class RmsNormWithoutScale(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            # keras.layers.RMSNormalization always has a scale.
            return {"y": keras.ops.rms_normalization(x, axis=axes, epsilon=_eps(config))}

    return RmsNorm() if config["affine"] else RmsNormWithoutScale()


LAYER = LayerSpec(
    name="rms_norm",
    source="Zhang and Sennrich, Root Mean Square Layer Normalization (2019), section 4; ONNX RMSNormalization-23",
    catches="converters that subtract a mean, take one axis for granted, or another eps for the default one",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axes": 1, "eps": 1e-5, "affine": True},
        {"batch": 3, "dtype": "float32", "inner": [2, 3], "axes": 2, "eps": 1e-3, "affine": False},
        {"batch": 2, "dtype": "float32", "inner": [6], "axes": 1, "eps": "default", "affine": True},
    ),
)
