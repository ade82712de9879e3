"""Group normalisation: mean and variance of each group of channels of each sample."""

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
    """Draw a config; a group has two elements or more, because PyTorch refuses to normalise a single one."""
    groups, each = draw(st.sizes(3)), draw(st.sizes(3))
    spatial = draw(st.shapes(ranks=(0, 3), largest=4))
    if each * math.prod(spatial) == 1:
        each = 2
    return draw(
        st.configs(
            groups=st.just(groups),
            channels=st.just(groups * each),
            spatial=st.just(spatial),
            layout=st.sampled_from(["channels_first", "channels_last"]),
            eps=st.sampled_from([1e-5, 1e-3, 1e-6]),
            affine=st.booleans(),
        )
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
    channels = config["channels"]
    arrays = {"scale": 1 + rng.standard_normal(channels) / 2, "offset": rng.standard_normal(channels)}
    return arrays if config["affine"] else {}


def _moments(config: Config, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of every group, both in a shape that broadcasts against x with channels first."""
    groups = x.reshape(len(x), config["groups"], math.prod(x.shape[1:]) // config["groups"])
    mean = groups.mean(axis=2, keepdims=True)
    deviation = np.sqrt(np.square(groups - mean).mean(axis=2, keepdims=True) + config["eps"])
    repeated = (np.repeat(each, config["channels"] // config["groups"], axis=1) for each in (mean, deviation))
    mean, deviation = (each.reshape(len(x), config["channels"], *(1 for _ in config["spatial"])) for each in repeated)
    return mean, deviation


def _affine(config: Config, weights: Arrays, name: str) -> np.ndarray:
    empty = np.full(config["channels"], 1.0 if name == "scale" else 0.0)
    return np.asarray(weights.get(name, empty)).reshape(config["channels"], *(1 for _ in config["spatial"]))


def _channels(config: Config, x: np.ndarray, *, first: bool) -> np.ndarray:
    """Return x with its channels put on axis 1, or back to where the layout has them."""
    here = 1 if config["layout"] == "channels_first" else -1
    return np.moveaxis(x, here, 1) if first else np.moveaxis(x, 1, here)


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Distance from the group's mean over the square root of its variance + eps, scaled and offset by channel.

    x: (batch, channels, *spatial), or (batch, *spatial, channels). scale, offset: (channels,). Returns {"y": same
    shape}. A group is channels // groups consecutive channels at all places of one sample; the variance divides by the
    count. A NaN or an infinity in a group makes the whole group NaN.
    Source: Wu and He, Group Normalization, section 3; ONNX operator GroupNormalization, opset 21.
    """
    x = _channels(config, inputs["x"], first=True)
    mean, deviation = _moments(config, x)
    y = (x - mean) / deviation * _affine(config, weights, "scale") + _affine(config, weights, "offset")
    return {"y": _channels(config, y, first=False)}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Entry, mean and offset each on their own: x / deviation + (offset - mean / deviation) is in use as well."""
    x = _channels(config, inputs["x"], first=True)
    mean, deviation = _moments(config, x)
    terms = (np.abs(x) + np.abs(mean)) / deviation * np.abs(_affine(config, weights, "scale"))
    return {"y": _channels(config, terms + np.abs(_affine(config, weights, "offset")), first=False)}


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

    module = torch.nn.GroupNorm(
        config["groups"],
        config["channels"],
        eps=config["eps"],
        affine=config["affine"],
        dtype=getattr(torch, config["dtype"]),
    )
    names = {"scale": "weight", "offset": "bias"}
    module.load_state_dict({names[name]: torch.tensor(array) for name, array in weights.items()})
    return module if config["layout"] == "channels_first" else ChannelsLast(module)


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class GroupNorm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.normalise = keras.layers.GroupNormalization(
                groups=config["groups"],
                axis=1 if config["layout"] == "channels_first" else -1,
                epsilon=config["eps"],
                center=config["affine"],
                scale=config["affine"],
                dtype=config["dtype"],
            )
            self.normalise.build((None, *_shape(config)))
            self.normalise.set_weights([weights[name] for name in ("scale", "offset") if name in weights])

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.normalise(x)}

    return GroupNorm()


_EXAMPLE = {"batch": 2, "dtype": "float32", "groups": 2, "channels": 4, "spatial": [3], "eps": 1e-5}

LAYER = LayerSpec(
    name="group_norm",
    source="Wu and He, Group Normalization (2018), section 3; ONNX GroupNormalization-21",
    catches="groups of interleaved channels, scales by group and not by channel, channels looked for on another axis",
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
        {**_EXAMPLE, "channels": 6, "spatial": [2, 3], "layout": "channels_last", "affine": True},
        {**_EXAMPLE, "groups": 3, "channels": 6, "spatial": [], "layout": "channels_first", "affine": False},
    ),
)
