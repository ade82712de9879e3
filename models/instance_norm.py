"""Instance normalisation: mean and variance of each channel of each sample, or given ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; PyTorch refuses a single place whose mean and variance are asked for."""
    spatial = draw(st.shapes(ranks=(1, 3), largest=4))
    sources = ["running"] if math.prod(spatial) == 1 else ["input", "input", "running"]
    return draw(
        st.configs(
            channels=st.sizes(4),
            spatial=st.just(spatial),
            statistics=st.sampled_from(sources),
            eps=st.sampled_from([1e-5, 1e-3, 1e-6]),
            affine=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["spatial"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["channels"], *config["spatial"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    channels, arrays = config["channels"], {}
    if config["affine"]:
        arrays |= {"scale": 1 + rng.standard_normal(channels) / 2, "offset": rng.standard_normal(channels)}
    if config["statistics"] == "running":
        arrays |= {"mean": rng.standard_normal(channels) / 2, "variance": 10 ** rng.uniform(-3, 0.5, channels)}
    return arrays


def _moments(config: Config, weights: Arrays, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation, both in a shape that broadcasts against x."""
    if config["statistics"] == "running":
        mean, variance = (_by_channel(config, weights[name]) for name in ("mean", "variance"))
    else:
        places = tuple(range(2, x.ndim))
        mean = x.mean(axis=places, keepdims=True)
        variance = np.square(x - mean).mean(axis=places, keepdims=True)
    return mean, np.sqrt(variance + config["eps"])


def _by_channel(config: Config, array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, *(1 for _ in config["spatial"]))


def _affine(config: Config, weights: Arrays) -> tuple[np.ndarray, np.ndarray]:
    empty = {"scale": np.ones(config["channels"]), "offset": np.zeros(config["channels"])}
    return _by_channel(config, weights.get("scale", empty["scale"])), _by_channel(
        config, weights.get("offset", empty["offset"])
    )


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Distance from the mean over the square root of variance + eps, scaled and offset by channel.

    x: (batch, channels, *spatial). All weights: (channels,). Returns {"y": same shape}. Mean and variance are those of
    a channel's places in one sample, the variance over the count; with running statistics they are given.
    A NaN or an infinity makes all places of its channel and sample NaN; with running statistics it stays alone.
    Source: Ulyanov, Vedaldi and Lempitsky, Instance Normalization, section 2; ONNX operator InstanceNormalization,
    opset 22; PyTorch's track_running_stats for given statistics, which that operator does not have.
    """
    x = inputs["x"]
    mean, deviation = _moments(config, weights, x)
    factor, offset = _affine(config, weights)
    return {"y": (x - mean) / deviation * factor + offset}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Entry, mean and offset each on their own: x / deviation + (offset - mean / deviation) is in use as well."""
    x = inputs["x"]
    mean, deviation = _moments(config, weights, x)
    factor, offset = _affine(config, weights)
    return {"y": (np.abs(x) + np.abs(mean)) / deviation * np.abs(factor) + np.abs(offset)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    norms = {1: torch.nn.InstanceNorm1d, 2: torch.nn.InstanceNorm2d, 3: torch.nn.InstanceNorm3d}
    module = norms[len(config["spatial"])](
        config["channels"],
        eps=config["eps"],
        affine=config["affine"],
        track_running_stats=config["statistics"] == "running",
        dtype=getattr(torch, config["dtype"]),
    )
    names = {"scale": "weight", "offset": "bias", "mean": "running_mean", "variance": "running_var"}
    state = {names[name]: torch.tensor(array) for name, array in weights.items()}
    if config["statistics"] == "running":
        state["num_batches_tracked"] = torch.tensor(1)
    module.load_state_dict(state)
    return module


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    options = {
        "axis": 1,
        "epsilon": config["eps"],
        "center": config["affine"],
        "scale": config["affine"],
        "dtype": config["dtype"],
    }

    class InstanceNorm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            # Keras has no layer of this name: it is group normalisation with as many groups as channels, and with
            # given statistics there is nothing left that depends on the sample, which is batch normalisation.
            self.normalise = (
                keras.layers.BatchNormalization(**options)
                if config["statistics"] == "running"
                else keras.layers.GroupNormalization(groups=-1, **options)
            )
            self.normalise.build((None, config["channels"], *config["spatial"]))
            names = ("scale", "offset", "mean", "variance")
            self.normalise.set_weights([weights[name] for name in names if name in weights])

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.normalise(x)}

    return InstanceNorm()


LAYER = LayerSpec(
    name="instance_norm",
    source="Ulyanov, Vedaldi and Lempitsky, Instance Normalization (2016), section 2; ONNX InstanceNormalization-22",
    catches="converters that take the statistics of the input where running ones are given, or those of a whole batch",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 3,
            "spatial": [2, 3],
            "statistics": "input",
            "eps": 1e-5,
            "affine": True,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 2,
            "spatial": [4],
            "statistics": "running",
            "eps": 1e-3,
            "affine": True,
        },
        {
            "batch": 3,
            "dtype": "float32",
            "channels": 2,
            "spatial": [5],
            "statistics": "input",
            "eps": 1e-5,
            "affine": False,
        },
    ),
)
