"""2-D convolution with padding by zeros, by reflection, by repetition or around in a circle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""PyTorch's name for a kind of padding, and NumPy's."""


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; reflection needs more cells than it pads, a circle as many."""
    mode = draw(st.sampled_from(list(MODES)))
    padding = [draw(st.integers(0, 3)) for _ in range(2)]
    kernel = [draw(st.sizes(3)) for _ in range(2)]
    least = {"reflect": 1, "circular": 0}
    size = [
        max(1, cells - 2 * pad, pad + least[mode] if mode in least else 1) + draw(st.integers(0, 3))
        for pad, cells in zip(padding, kernel, strict=True)
    ]
    return draw(
        st.configs(
            in_channels=st.sizes(3),
            out_channels=st.sizes(3),
            size=st.just(size),
            kernel=st.just(kernel),
            stride=st.sizes(2),
            padding=st.just(padding),
            mode=st.just(mode),
            bias=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["in_channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["in_channels"], *config["size"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    shape = (config["out_channels"], config["in_channels"], *config["kernel"])
    arrays = {"weight": rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))}
    return {**arrays, "bias": rng.standard_normal(config["out_channels"])} if config["bias"] else arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Cross-correlation after padding, by as many rows above as below and as many columns on the left as on the right.

    x: (batch, in_channels, height, width). weight: (out_channels, in_channels, kernel height, kernel width).
    bias: (out_channels,). Returns {"y": (batch, out_channels, height, width)}. padding: rows, columns. Reflection does
    not repeat the edge.
    Source: PyTorch, torch.nn.Conv2d, padding_mode; ONNX operators Pad, opset 19, and Conv, opset 11.
    """
    rows, columns = config["padding"]
    # NumPy's modes have arguments of their own, so that mypy wants the name spelt out.
    mode: Any = MODES[config["mode"]]
    x = np.pad(inputs["x"], ((0, 0), (0, 0), (rows, rows), (columns, columns)), mode)
    patches = np.lib.stride_tricks.sliding_window_view(x, config["kernel"], axis=(2, 3))
    patches = patches[:, :, :: config["stride"], :: config["stride"]]
    y = np.einsum("bchwij,ocij->bohw", patches, weights["weight"])
    return {"y": y + weights["bias"][:, None, None] if config["bias"] else y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the products and of the bias, which may cancel."""
    magnitudes = {name: np.abs(array) for name, array in weights.items()}
    return reference(config, magnitudes, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    convolution = torch.nn.Conv2d(
        config["in_channels"],
        config["out_channels"],
        tuple(config["kernel"]),
        stride=config["stride"],
        padding=tuple(config["padding"]),
        padding_mode=config["mode"],
        bias=config["bias"],
        dtype=getattr(torch, config["dtype"]),
    )
    convolution.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return convolution


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    def padded(x: Any) -> Any:
        rows, columns = config["padding"]
        if config["mode"] in {"zeros", "reflect"}:
            around = [[0, 0], [rows, rows], [columns, columns], [0, 0]]
            return tf.pad(x, around, "CONSTANT" if config["mode"] == "zeros" else "REFLECT")
        # tf.pad repeats no edge and goes around no circle; its SYMMETRIC mirrors the edge.
        for axis, (size, pad) in enumerate(zip(config["size"], config["padding"], strict=True), start=1):
            if pad and config["mode"] == "circular":
                before, after = tf.split(x, [size - pad, pad], axis)[1], tf.split(x, [pad, size - pad], axis)[0]
                x = tf.concat([before, x, after], axis)
            elif pad:
                x = tf.gather(x, np.clip(np.arange(-pad, size + pad), 0, size - 1), axis=axis)
        return x

    class PaddedConv2d(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(weights["weight"].transpose(2, 3, 1, 0), trainable=False)
            self.bias = tf.Variable(weights["bias"], trainable=False) if config["bias"] else None

        def __call__(self, x: Any) -> dict[str, Any]:
            y = tf.nn.conv2d(padded(tf.transpose(x, [0, 2, 3, 1])), self.kernel, config["stride"], "VALID")
            if self.bias is not None:
                y = tf.nn.bias_add(y, self.bias)
            return {"y": tf.transpose(y, [0, 3, 1, 2])}

    return PaddedConv2d()


_CONFIG = {
    "batch": 2,
    "dtype": "float32",
    "in_channels": 2,
    "out_channels": 3,
    "size": [4, 5],
    "kernel": [3, 3],
    "stride": 1,
    "padding": [1, 2],
    "mode": "zeros",
    "bias": True,
}

LAYER = LayerSpec(
    name="padded_conv2d",
    source="PyTorch, torch.nn.Conv2d, padding_mode; ONNX Pad-19 and Conv-11",
    catches="an edge that is mirrored twice, padding put on the wrong axis, a mode that quietly becomes zeros",
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
        {**_CONFIG, "mode": "reflect", "bias": False},
        {**_CONFIG, "mode": "replicate", "padding": [2, 1]},
        {**_CONFIG, "mode": "circular", "stride": 2, "batch": 1},
    ),
)
