"""2-D convolution, batch normalisation with given statistics, ReLU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

STATISTICS = ("scale", "offset", "mean", "variance")


@st.composite
def configs(draw: Any) -> Config:
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    return draw(
        st.configs(
            in_channels=st.sizes(3).map(lambda each: each * groups),
            out_channels=st.sizes(3).map(lambda each: each * groups),
            groups=st.just(groups),
            window=st.windows(axes=2),
            layout=st.sampled_from(["NCHW", "NHWC"]),
            bias=st.booleans(),
            eps=st.sampled_from([1e-5, 1e-3]),
        )
    )


def _shape(config: Config) -> tuple[int, int, int]:
    channels, (height, width) = config["in_channels"], config["window"]["size"]
    return (channels, height, width) if config["layout"] == "NCHW" else (height, width, channels)


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *_shape(config)))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *_shape(config)), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw weights; variances go down to 1e-3, where a wrong eps shows."""
    out = config["out_channels"]
    shape = (out, config["in_channels"] // config["groups"], *config["window"]["kernel"])
    arrays: dict[str, np.ndarray] = {
        "weight": rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:])),
        "scale": rng.standard_normal(out),
        "offset": rng.standard_normal(out),
        "mean": rng.standard_normal(out) / 2,
        "variance": 10 ** rng.uniform(-3, 0.5, out),
    }
    if config["bias"]:
        arrays["bias"] = rng.standard_normal(out)
    return arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Cross-correlation, then distance from the mean over the root of variance + eps, scaled and offset, then ReLU.

    x: (batch, in_channels, height, width), or (batch, height, width, in_channels) if the layout is NHWC.
    weight: (out_channels, in_channels // groups, kernel height, kernel width). All others: (out_channels,).
    Returns {"y": (batch, out_channels, height, width)}, or (batch, height, width, out_channels).
    Padding counts are pixels: top, left, bottom, right. ReLU of NaN is NaN.
    Source: ONNX operators Conv, opset 11, and BatchNormalization, opset 15; PyTorch's padding order differs (left,
    right, top, bottom).
    """
    y = _normalised(_convolved(config, weights["weight"], inputs["x"]), config, weights)
    return {"y": _in_layout(config, np.maximum(y, 0))}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the products, of the mean and of the offset, which may cancel before the ReLU."""
    magnitudes = {name: np.abs(array) for name, array in weights.items()}
    magnitudes["mean"] = -magnitudes["mean"]
    y = _normalised(_convolved(config, magnitudes["weight"], np.abs(inputs["x"])), config, magnitudes)
    return {"y": _in_layout(config, y)}


def _convolved(config: Config, weight: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the cross-correlation with the channels first, from x in the config's layout."""
    window, groups = config["window"], config["groups"]
    x = x if config["layout"] == "NCHW" else x.transpose(0, 3, 1, 2)
    top, left, bottom, right = window["padding"]
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    reach = [(kernel - 1) * dilation + 1 for kernel, dilation in zip(window["kernel"], window["dilation"], strict=True)]
    (down, across), (row, column) = window["stride"], window["dilation"]
    patches = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))[:, :, ::down, ::across, ::row, ::column]
    pairs = zip(np.split(patches, groups, axis=1), np.split(weight, groups), strict=True)
    return np.concatenate([np.einsum("bchwij,ocij->bohw", patch, kernel) for patch, kernel in pairs], axis=1)


def _normalised(y: np.ndarray, config: Config, weights: Arrays) -> np.ndarray:
    scale, offset, mean, variance = (weights[name][:, None, None] for name in STATISTICS)
    if config["bias"]:
        y = y + weights["bias"][:, None, None]
    return np.asarray((y - mean) / np.sqrt(variance + config["eps"]) * scale + offset)


def _in_layout(config: Config, y: np.ndarray) -> np.ndarray:
    return y if config["layout"] == "NCHW" else y.transpose(0, 2, 3, 1)


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class ChannelsLast(torch.nn.Module):
        def __init__(self, channels_first: torch.nn.Module) -> None:
            super().__init__()
            self.channels_first = channels_first

        def forward(self, x: Any) -> Any:
            return self.channels_first(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    window, dtype = config["window"], getattr(torch, config["dtype"])
    top, left, bottom, right = window["padding"]
    symmetric = (top, left) == (bottom, right)
    convolution = torch.nn.Conv2d(
        config["in_channels"],
        config["out_channels"],
        window["kernel"],
        stride=window["stride"],
        padding=(top, left) if symmetric else 0,
        dilation=window["dilation"],
        groups=config["groups"],
        bias=config["bias"],
        dtype=dtype,
    )
    tensors = {name: torch.tensor(array) for name, array in weights.items()}
    convolution.load_state_dict({name: tensors[name] for name in ("weight", "bias") if name in tensors})
    normalisation = torch.nn.BatchNorm2d(config["out_channels"], eps=config["eps"], dtype=dtype)
    names = ("weight", "bias", "running_mean", "running_var")
    normalisation.load_state_dict({name: tensors[ours] for name, ours in zip(names, STATISTICS, strict=True)})
    padding = [] if symmetric else [torch.nn.ZeroPad2d((left, right, top, bottom))]
    module = torch.nn.Sequential(*padding, convolution, normalisation, torch.nn.ReLU())
    return module if config["layout"] == "NCHW" else ChannelsLast(module)


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    window = config["window"]
    top, left, bottom, right = window["padding"]
    padding: Any = [[0, 0], [top, bottom], [left, right], [0, 0]]
    if not any(window["padding"]):
        padding = "VALID"
    elif window["padding"] == st.same_padding(window):
        padding = "SAME"

    class Conv2dBnRelu(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(weights["weight"].transpose(2, 3, 1, 0), trainable=False)
            self.bias = tf.Variable(weights["bias"], trainable=False) if config["bias"] else None
            self.scale, self.offset, self.mean, self.variance = (
                tf.Variable(weights[name], trainable=False) for name in STATISTICS
            )

        def __call__(self, x: Any) -> dict[str, Any]:
            if config["layout"] == "NCHW":
                x = tf.transpose(x, [0, 2, 3, 1])
            # tf.nn.conv2d and not keras.layers.Conv2D: Keras 3.15 refuses stride with dilation, and on CPU compiles
            # groups with XLA, which tf2onnx 1.17 cannot read.
            y = tf.nn.conv2d(x, self.kernel, window["stride"], padding, dilations=window["dilation"])
            if self.bias is not None:
                y = tf.nn.bias_add(y, self.bias)
            y = tf.nn.batch_normalization(y, self.mean, self.variance, self.offset, self.scale, config["eps"])
            y = tf.nn.relu(y)
            return {"y": tf.transpose(y, [0, 3, 1, 2]) if config["layout"] == "NCHW" else y}

    return Conv2dBnRelu()


_WINDOW = {"kernel": [3, 3], "stride": [1, 1], "dilation": [1, 1], "padding": [1, 1, 1, 1], "size": [5, 6]}

LAYER = LayerSpec(
    name="conv2d_bn_relu",
    source="Ioffe and Szegedy, Batch Normalization (2015), section 3.1; ONNX Conv-11 and BatchNormalization-15",
    catches="asymmetric padding put on the wrong side, swapped axes, groups, folded batch norm with another eps",
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
            "in_channels": 3,
            "out_channels": 4,
            "groups": 1,
            "window": _WINDOW,
            "layout": "NCHW",
            "bias": False,
            "eps": 1e-5,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "in_channels": 4,
            "out_channels": 6,
            "groups": 2,
            "window": {**_WINDOW, "kernel": [2, 3], "stride": [2, 1], "padding": [0, 1, 1, 1]},
            "layout": "NHWC",
            "bias": True,
            "eps": 1e-3,
        },
        {
            "batch": 3,
            "dtype": "float32",
            "in_channels": 2,
            "out_channels": 3,
            "groups": 1,
            "window": {**_WINDOW, "kernel": [3, 2], "dilation": [1, 2], "padding": [2, 0, 0, 1]},
            "layout": "NHWC",
            "bias": False,
            "eps": 1e-3,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "in_channels": 3,
            "out_channels": 3,
            "groups": 3,
            "window": {**_WINDOW, "stride": [2, 2], "padding": [0, 0, 0, 0]},
            "layout": "NCHW",
            "bias": True,
            "eps": 1e-5,
        },
    ),
)
