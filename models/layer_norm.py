"""Layer normalisation over the last one or two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    inner = draw(st.shapes(ranks=(1, 3)))
    return draw(
        st.configs(
            inner=st.just(inner),
            axes=st.integers(1, min(2, len(inner))),
            eps=st.sampled_from([1e-5, 1e-3, 1e-6, 1e-12]),
            affine=st.sampled_from([["scale", "offset"], ["scale"], []]),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    shape = config["inner"][-config["axes"] :]
    arrays = {"scale": 1 + rng.standard_normal(shape) / 2, "offset": rng.standard_normal(shape)}
    return {name: arrays[name] for name in config["affine"]}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Distance from the mean over the square root of variance + eps, times scale, plus offset.

    x: (batch, *inner). scale, offset: inner[-axes:]. Returns {"y": same shape}. The variance divides by the count.
    A NaN or an infinity in a group makes the whole group NaN.
    Source: Ba, Kiros and Hinton, Layer Normalization, section 3; ONNX operator LayerNormalization, opset 17.
    """
    x = inputs["x"]
    axes = tuple(range(-config["axes"], 0))
    centred = x - x.mean(axis=axes, keepdims=True)
    y = centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + config["eps"])
    return {"y": y * weights.get("scale", 1.0) + weights.get("offset", 0.0)}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Entry, mean and offset each on their own: x / deviation + (offset - mean / deviation) is in use as well."""
    x = inputs["x"]
    axes = tuple(range(-config["axes"], 0))
    mean = x.mean(axis=axes, keepdims=True)
    deviation = np.sqrt(np.square(x - mean).mean(axis=axes, keepdims=True) + config["eps"])
    terms = (np.abs(x) + np.abs(mean)) / deviation * np.abs(weights.get("scale", 1.0))
    return {"y": terms + np.abs(weights.get("offset", 0.0))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    module = torch.nn.LayerNorm(
        config["inner"][-config["axes"] :],
        eps=config["eps"],
        elementwise_affine="scale" in weights,
        bias="offset" in weights,
        dtype=getattr(torch, config["dtype"]),
    )
    names = {"scale": "weight", "offset": "bias"}
    module.load_state_dict({names[name]: torch.tensor(array) for name, array in weights.items()})
    return module


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class LayerNorm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.normalise = keras.layers.LayerNormalization(
                axis=list(range(-config["axes"], 0)),
                epsilon=config["eps"],
                scale="scale" in weights,
                center="offset" in weights,
                dtype=config["dtype"],
            )
            self.normalise.build((None, *config["inner"]))
            self.normalise.set_weights([weights[name] for name in ("scale", "offset") if name in weights])

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.normalise(x)}

    return LayerNorm()


LAYER = LayerSpec(
    name="layer_norm",
    source="Ba, Kiros and Hinton, Layer Normalization (2016), section 3; ONNX LayerNormalization-17",
    catches="converters that take their own eps, one axis for granted, the sample variance, or a scale and offset",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, relations.shifted("x")),
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "axes": 1, "eps": 1e-5, "affine": ["scale", "offset"]},
        {"batch": 3, "dtype": "float32", "inner": [2, 3], "axes": 2, "eps": 1e-3, "affine": ["scale"]},
        {"batch": 2, "dtype": "float32", "inner": [7], "axes": 1, "eps": 1e-12, "affine": []},
    ),
)
