"""3-D convolution over depth, height and width."""

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
    """Draw a config; no groups, which TensorFlow's kernel for the CPU refuses, and no stride beside dilation."""
    narrow = st.windows(axes=3, kernel=2, stride=2, dilation=1, slack=2)
    window = draw(st.booleans().flatmap(lambda spread: st.windows(axes=3, stride=1, slack=1) if spread else narrow))
    return draw(
        st.configs(in_channels=st.sizes(3), out_channels=st.sizes(3), window=st.just(window), bias=st.booleans())
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["in_channels"], *config["window"]["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["in_channels"], *config["window"]["size"])
    return st.named(x=st.tensors(shape, config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    shape = (config["out_channels"], config["in_channels"], *config["window"]["kernel"])
    arrays = {"weight": rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))}
    return {**arrays, "bias": rng.standard_normal(config["out_channels"])} if config["bias"] else arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Cross-correlation along three axes.

    x: (batch, in_channels, depth, height, width). weight: (out_channels, in_channels, kernel depth, height, width).
    bias: (out_channels,). Returns {"y": (batch, out_channels, depth, height, width)}. Padding is zeros, in cells
    before every axis, then after every axis.
    Source: ONNX operator Conv, opset 11; PyTorch, torch.nn.Conv3d.
    """
    window = config["window"]
    around = zip(window["padding"][:3], window["padding"][3:], strict=True)
    x = np.pad(inputs["x"], ((0, 0), (0, 0), *around))
    reach = [(kernel - 1) * dilation + 1 for kernel, dilation in zip(window["kernel"], window["dilation"], strict=True)]
    patches = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3, 4))
    steps = tuple(slice(None, None, step) for step in (*window["stride"], *window["dilation"]))
    y = np.einsum("bcdhwkij,ockij->bodhw", patches[:, :, *steps], weights["weight"])
    return {"y": y + weights["bias"][:, None, None, None] if config["bias"] else y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the products and of the bias, which may cancel."""
    magnitudes = {name: np.abs(array) for name, array in weights.items()}
    return reference(config, magnitudes, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    window = config["window"]
    before, after = window["padding"][:3], window["padding"][3:]
    convolution = torch.nn.Conv3d(
        config["in_channels"],
        config["out_channels"],
        window["kernel"],
        stride=window["stride"],
        padding=before if before == after else 0,
        dilation=window["dilation"],
        bias=config["bias"],
        dtype=getattr(torch, config["dtype"]),
    )
    convolution.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    if before == after:
        return convolution
    around = [cells for pair in zip(reversed(before), reversed(after), strict=True) for cells in pair]
    return torch.nn.Sequential(torch.nn.ConstantPad3d(tuple(around), 0.0), convolution)


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    window = config["window"]
    around = [[before, after] for before, after in zip(window["padding"][:3], window["padding"][3:], strict=True)]
    same = any(window["padding"]) and window["padding"] == st.same_padding(window)

    class Conv3d(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(weights["weight"].transpose(2, 3, 4, 1, 0), trainable=False)
            self.bias = tf.Variable(weights["bias"], trainable=False) if config["bias"] else None

        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 3, 4, 1])
            if any(window["padding"]) and not same:
                x = tf.pad(x, [[0, 0], *around, [0, 0]])
            # tf.nn.convolution and not tf.nn.conv3d, whose kernel for the CPU refuses dilation in float64.
            y = tf.nn.convolution(
                x, self.kernel, window["stride"], "SAME" if same else "VALID", dilations=window["dilation"]
            )
            if self.bias is not None:
                y = tf.nn.bias_add(y, self.bias)
            return {"y": tf.transpose(y, [0, 4, 1, 2, 3])}

    return Conv3d()


_WINDOW = {
    "kernel": [2, 3, 3],
    "stride": [1, 1, 1],
    "dilation": [1, 1, 1],
    "padding": [0, 1, 1, 1, 1, 1],
    "size": [3, 4, 5],
}
_CONFIG = {"batch": 2, "dtype": "float32", "in_channels": 2, "out_channels": 3, "window": _WINDOW, "bias": True}

LAYER = LayerSpec(
    name="conv3d",
    source="Tran et al., Learning spatiotemporal features with 3D convolutional networks (2015); ONNX Conv-11",
    catches="swapped axes, padding in the wrong order or on the wrong side, dilation made of reshapes",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        _CONFIG,
        {**_CONFIG, "bias": False, "window": {**_WINDOW, "stride": [1, 2, 2], "padding": [0, 0, 0, 0, 0, 0]}},
        {
            **_CONFIG,
            "batch": 1,
            "window": {**_WINDOW, "kernel": [2, 2, 2], "dilation": [2, 1, 2], "padding": [0, 0, 1, 0, 0, 1]},
        },
    ),
)
