"""Batch normalisation with given statistics, over vectors, sequences, images or volumes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        channels=st.sizes(5),
        spatial=st.shapes(ranks=(0, 3), largest=3),
        layout=st.sampled_from(["channels_first", "channels_last"]),
        eps=st.sampled_from([1e-5, 1e-3, 1e-6]),
        affine=st.booleans(),
    )


def _shape(config: Config) -> list[int]:
    channels, spatial = [config["channels"]], config["spatial"]
    return [*channels, *spatial] if config["layout"] == "channels_first" else [*spatial, *channels]


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *_shape(config)))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *_shape(config)), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw weights; variances go down to 1e-5, where a wrong eps shows."""
    channels = config["channels"]
    statistics = {"mean": rng.standard_normal(channels), "variance": 10 ** rng.uniform(-5, 1, channels)}
    affine = {"scale": rng.standard_normal(channels), "offset": rng.standard_normal(channels)}
    return {**affine, **statistics} if config["affine"] else statistics


def _by_channel(config: Config, weights: Arrays, name: str) -> np.ndarray:
    """Return a weight in a shape that broadcasts against the input; 1 or 0 for a scale or an offset that is not there.

    The channels are on axis 1 or on the last one.
    """
    missing = np.full(config["channels"], 1.0 if name == "scale" else 0.0)
    after = len(config["spatial"]) if config["layout"] == "channels_first" else 0
    return np.asarray(weights.get(name, missing)).reshape(-1, *(1 for _ in range(after)))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Distance from the given mean over the root of given variance + eps, scaled and offset by channel.

    x: (batch, channels, *spatial), or (batch, *spatial, channels). All weights: (channels,). Returns {"y": same shape}.
    Source: Ioffe and Szegedy, Batch Normalization, section 3.1; ONNX operator BatchNormalization, opset 15.
    """
    scale, offset, mean, variance = (
        _by_channel(config, weights, name) for name in ("scale", "offset", "mean", "variance")
    )
    return {"y": (inputs["x"] - mean) / np.sqrt(variance + config["eps"]) * scale + offset}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Entry, mean and offset each on their own: converters fold the weights into a factor and a term."""
    factor, offset, mean, variance = (
        _by_channel(config, weights, name) for name in ("scale", "offset", "mean", "variance")
    )
    terms = (np.abs(inputs["x"]) + np.abs(mean)) / np.sqrt(variance + config["eps"]) * np.abs(factor)
    return {"y": terms + np.abs(offset)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class ChannelsLast(torch.nn.Module):
        def __init__(self, channels_first: torch.nn.Module) -> None:
            super().__init__()
            self.channels_first = channels_first

        def forward(self, x: Any) -> Any:
            # Not movedim(-1, 1): torch.onnx.export(dynamo=False) 2.13 writes the -1 into Transpose's perm.
            last = x.ndim - 1
            y = self.channels_first(x.permute(0, last, *range(1, last)))
            return y.permute(0, *range(2, x.ndim), 1)

    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    module = norms[len(config["spatial"])](
        config["channels"], eps=config["eps"], affine=config["affine"], dtype=getattr(torch, config["dtype"])
    )
    names = {"scale": "weight", "offset": "bias", "mean": "running_mean", "variance": "running_var"}
    state = {names[name]: torch.tensor(array) for name, array in weights.items()}
    module.load_state_dict({**state, "num_batches_tracked": torch.tensor(1)})
    return ChannelsLast(module) if config["layout"] == "channels_last" and config["spatial"] else module


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class BatchNorm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.normalise = keras.layers.BatchNormalization(
                axis=1 if config["layout"] == "channels_first" else -1,
                epsilon=config["eps"],
                center=config["affine"],
                scale=config["affine"],
                dtype=config["dtype"],
            )
            self.normalise.build((None, *_shape(config)))
            names = ("scale", "offset", "mean", "variance")
            self.normalise.set_weights([weights[name] for name in names if name in weights])

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.normalise(x, training=False)}

    return BatchNorm()


_EXAMPLE = {"batch": 2, "dtype": "float32", "channels": 3, "spatial": [2, 3], "eps": 1e-5}

LAYER = LayerSpec(
    name="batch_norm",
    source="Ioffe and Szegedy, Batch Normalization (2015), section 3.1; ONNX BatchNormalization-15",
    catches="channels looked for on another axis, another eps, statistics of the batch instead of the given ones",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**_EXAMPLE, "layout": "channels_first", "affine": True},
        {**_EXAMPLE, "spatial": [4], "layout": "channels_last", "eps": 1e-3, "affine": False},
        {**_EXAMPLE, "spatial": [], "layout": "channels_first", "affine": True},
        {**_EXAMPLE, "spatial": [2, 1, 3], "layout": "channels_last", "affine": True},
    ),
)
