"""2-D max pooling, with padding, with dilation or with a last window that reaches beyond the input."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; dilation goes with stride 1 and padding is at most half the kernel, or a framework refuses."""
    spread = draw(st.booleans())
    window = dict(draw(st.windows(axes=2, stride=1, slack=3) if spread else st.windows(axes=2, dilation=1, slack=3)))
    window["padding"] = [draw(st.integers(0, cells // 2)) for cells in window["kernel"]] * 2
    window["size"] = [
        max(size, (kernel - 1) * step + 1 - 2 * pad)
        for size, kernel, step, pad in zip(
            *(window[key] for key in ("size", "kernel", "dilation")), window["padding"][:2], strict=True
        )
    ]
    return draw(
        st.configs(channels=st.sizes(3), window=st.just(window), ceil_mode=st.just(False) if spread else st.booleans())
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["window"]["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["channels"], *config["window"]["size"])
    return st.named(x=st.tensors(shape, config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _reach(window: Config) -> list[int]:
    return [(kernel - 1) * step + 1 for kernel, step in zip(window["kernel"], window["dilation"], strict=True)]


def _padding(config: Config) -> list[int]:
    """Return top, left, bottom, right; with ceil_mode also the cells of a last window that begins before them."""
    window = config["window"]
    padding = list(window["padding"])
    if config["ceil_mode"]:
        for axis, (size, stride, reach) in enumerate(
            zip(window["size"], window["stride"], _reach(window), strict=True)
        ):
            last = -(-(size + 2 * padding[axis] - reach) // stride) * stride
            if last >= size + padding[axis]:
                last -= stride
            padding[axis + 2] += max(0, last + reach - size - 2 * padding[axis])
    return padding


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The greatest cell of each window; NaN if it has one.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, height, width)}. Padding is -infinity, in
    pixels: top, left, bottom, right. With ceil_mode a last window may reach beyond the padding if it begins before it.
    Source: PyTorch, torch.nn.MaxPool2d; ONNX operator MaxPool, opset 12, which says nothing about NaN.
    """
    window = config["window"]
    top, left, bottom, right = _padding(config)
    x = np.pad(inputs["x"], ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=-np.inf)
    (down, across), (row, column) = window["stride"], window["dilation"]
    patches = np.lib.stride_tricks.sliding_window_view(x, _reach(window), axis=(2, 3))
    return {"y": patches[:, :, ::down, ::across, ::row, ::column].max(axis=(-2, -1))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    window = config["window"]
    return torch.nn.MaxPool2d(
        tuple(window["kernel"]),
        stride=tuple(window["stride"]),
        padding=tuple(window["padding"][:2]),
        dilation=tuple(window["dilation"]),
        ceil_mode=config["ceil_mode"],
    )


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    window = config["window"]
    (top, left, bottom, right), spread = _padding(config), window["dilation"] != [1, 1]
    around = [[0, 0], [top, bottom], [left, right], [0, 0]]
    padding: Any = around
    if not any(_padding(config)):
        padding = "VALID"
    elif _padding(config) == st.same_padding(window):
        padding = "SAME"

    class MaxPool2d(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 3, 1])
            if spread:
                # tf.nn.pool pads with zeros where it dilates, which are greater than what is negative.
                x = tf.pad(x, around, constant_values=-np.inf)
                y = tf.nn.pool(x, window["kernel"], "MAX", dilations=window["dilation"], padding="VALID")
            else:
                y = tf.nn.max_pool2d(x, window["kernel"], window["stride"], padding)
            return {"y": tf.transpose(y, [0, 3, 1, 2])}

    return MaxPool2d()


_WINDOW = {"kernel": [3, 2], "stride": [2, 2], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [5, 6]}

LAYER = LayerSpec(
    name="max_pool2d",
    source="PyTorch, torch.nn.MaxPool2d; ONNX MaxPool-12",
    catches="padding by zeros, a window too many or too few with ceil_mode, dropped dilation, lost NaN",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "channels": 3, "window": _WINDOW, "ceil_mode": False},
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 2,
            "window": {**_WINDOW, "kernel": [3, 3], "padding": [1, 1, 1, 1], "size": [4, 6]},
            "ceil_mode": True,
        },
        {
            "batch": 1,
            "dtype": "float32",
            "channels": 2,
            "window": {**_WINDOW, "stride": [1, 1], "dilation": [2, 1], "padding": [1, 0, 1, 0]},
            "ceil_mode": False,
        },
    ),
)
