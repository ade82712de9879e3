"""2-D depthwise convolution: every channel by kernels of its own."""

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
    """Draw a config; TensorFlow has one stride for both axes, and none but 1 with dilation."""
    window = dict(draw(st.windows(axes=2, stride=1)))
    if window["dilation"] == [1, 1]:
        window["stride"] = [draw(st.sizes(3))] * 2
    if draw(st.booleans()):
        window["padding"] = st.same_padding(window)
    return draw(st.configs(channels=st.sizes(4), multiplier=st.sizes(3), window=st.just(window), bias=st.booleans()))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["window"]["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["channels"], *config["window"]["size"])
    return st.named(x=st.tensors(shape, config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    kernel, out = config["window"]["kernel"], config["channels"] * config["multiplier"]
    arrays = {"weight": rng.standard_normal((out, 1, *kernel)) / math.sqrt(math.prod(kernel))}
    return {**arrays, "bias": rng.standard_normal(out)} if config["bias"] else arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Cross-correlation of every channel with `multiplier` kernels of its own.

    x: (batch, channels, height, width). weight: (channels * multiplier, 1, kernel height, kernel width), those of a
    channel beside each other. bias: (channels * multiplier,). Padding is zeros, in pixels: top, left, bottom, right.
    Returns {"y": (batch, channels * multiplier, height, width)}.
    Source: ONNX operator Conv, opset 11, with as many groups as channels.
    """
    window, channels = config["window"], config["channels"]
    top, left, bottom, right = window["padding"]
    x = np.pad(inputs["x"], ((0, 0), (0, 0), (top, bottom), (left, right)))
    reach = [(kernel - 1) * dilation + 1 for kernel, dilation in zip(window["kernel"], window["dilation"], strict=True)]
    (down, across), (row, column) = window["stride"], window["dilation"]
    patches = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))[:, :, ::down, ::across, ::row, ::column]
    kernels = weights["weight"].reshape(channels, config["multiplier"], *window["kernel"])
    y = np.einsum("bchwij,cmij->bcmhw", patches, kernels)
    y = y.reshape(len(y), len(kernels) * config["multiplier"], *y.shape[3:])
    return {"y": y + weights["bias"][:, None, None] if config["bias"] else y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the products and of the bias, which may cancel."""
    magnitudes = {name: np.abs(array) for name, array in weights.items()}
    return reference(config, magnitudes, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    window = config["window"]
    top, left, bottom, right = window["padding"]
    symmetric = (top, left) == (bottom, right)
    convolution = torch.nn.Conv2d(
        config["channels"],
        config["channels"] * config["multiplier"],
        window["kernel"],
        stride=window["stride"],
        padding=(top, left) if symmetric else 0,
        dilation=window["dilation"],
        groups=config["channels"],
        bias=config["bias"],
        dtype=getattr(torch, config["dtype"]),
    )
    convolution.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return (
        convolution if symmetric else torch.nn.Sequential(torch.nn.ZeroPad2d((left, right, top, bottom)), convolution)
    )


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    window = config["window"]
    top, left, bottom, right = window["padding"]
    padding: Any = [[0, 0], [top, bottom], [left, right], [0, 0]]
    if not any(window["padding"]):
        padding = "VALID"
    elif window["padding"] == st.same_padding(window):
        padding = "SAME"
    kernels = weights["weight"].reshape(config["channels"], config["multiplier"], *window["kernel"])

    class DepthwiseConv2d(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernels = tf.Variable(kernels.transpose(2, 3, 0, 1), trainable=False)
            self.bias = tf.Variable(weights["bias"], trainable=False) if config["bias"] else None

        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 3, 1])
            strides = [1, *window["stride"], 1]
            y = tf.nn.depthwise_conv2d(x, self.kernels, strides, padding, dilations=window["dilation"])
            if self.bias is not None:
                y = tf.nn.bias_add(y, self.bias)
            return {"y": tf.transpose(y, [0, 3, 1, 2])}

    return DepthwiseConv2d()


_WINDOW = {"kernel": [3, 3], "stride": [1, 1], "dilation": [1, 1], "padding": [1, 1, 1, 1], "size": [5, 6]}

LAYER = LayerSpec(
    name="depthwise_conv2d",
    source="Howard et al., MobileNets (2017), section 3.1; ONNX Conv-11",
    catches="the order of channels and multiplier, a multiplier taken for groups, asymmetric padding",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "channels": 3, "multiplier": 1, "window": _WINDOW, "bias": True},
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 2,
            "multiplier": 2,
            "window": {**_WINDOW, "stride": [2, 2], "padding": [0, 1, 1, 1], "kernel": [2, 3]},
            "bias": False,
        },
        {
            "batch": 1,
            "dtype": "float32",
            "channels": 1,
            "multiplier": 3,
            "window": {**_WINDOW, "kernel": [2, 2], "dilation": [2, 1], "padding": [0, 0, 0, 0]},
            "bias": True,
        },
    ),
)
