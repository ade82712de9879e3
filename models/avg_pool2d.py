"""2-D average pooling; padding counts or does not, and a last window may reach beyond it."""

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
    """Draw a config; PyTorch refuses padding of more than half the kernel."""
    window = dict(draw(st.windows(axes=2, dilation=1, slack=3)))
    del window["dilation"]
    window["padding"] = [draw(st.integers(0, cells // 2)) for cells in window["kernel"]]
    window["size"] = [
        max(size, kernel - 2 * pad)
        for size, kernel, pad in zip(*(window[key] for key in ("size", "kernel", "padding")), strict=True)
    ]
    return draw(
        st.configs(
            channels=st.sizes(3), window=st.just(window), ceil_mode=st.booleans(), count_include_pad=st.booleans()
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["window"]["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["channels"], *config["window"]["size"])
    return st.named(x=st.tensors(shape, config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _beyond(config: Config) -> list[int]:
    """Return how far the last window reaches beyond the padding: below and at the right."""
    window = config["window"]
    cells = []
    for kernel, stride, pad, size in zip(
        *(window[key] for key in ("kernel", "stride", "padding", "size")), strict=True
    ):
        last = -(-(size + 2 * pad - kernel) // stride) * stride
        if last >= size + pad:
            last -= stride
        cells.append(max(0, last + kernel - size - 2 * pad) if config["ceil_mode"] else 0)
    return cells


def _padding(config: Config) -> list[list[int]]:
    """Return the cells before and after every axis of (batch, channels, height, width), those beyond included."""
    around = zip(config["window"]["padding"], _beyond(config), strict=True)
    return [[0, 0], [0, 0], *([pad, pad + beyond] for pad, beyond in around)]


def _sums(config: Config, x: np.ndarray) -> np.ndarray:
    """Return the sum of each window of x, which is padded already."""
    down, across = config["window"]["stride"]
    patches = np.lib.stride_tricks.sliding_window_view(x, config["window"]["kernel"], axis=(2, 3))
    return np.asarray(patches[:, :, ::down, ::across].sum(axis=(-2, -1)))


def _counts(config: Config) -> np.ndarray:
    """Return by how many cells each window's sum is divided: (1, 1, height, width)."""
    around = np.array(config["window"]["padding"] if config["count_include_pad"] else [0, 0])
    counted = np.ones((1, 1, *(config["window"]["size"] + 2 * around)))
    missing = np.array(_padding(config)) - np.array([0, 0, *around])[:, None]
    return _sums(config, np.pad(counted, missing))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The sum of each window over the number of its cells.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, height, width)}. Padding is zeros, in pixels on
    both sides: rows, columns; its cells are counted if count_include_pad. With ceil_mode a last window may reach beyond
    the padding if it begins before it; what is beyond is never counted.
    Source: PyTorch, torch.nn.AvgPool2d; ONNX operator AveragePool, opset 19.
    """
    return {"y": _sums(config, np.pad(inputs["x"], _padding(config))) / _counts(config)}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The average of the magnitudes, which may cancel."""
    return reference(config, weights, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    window = config["window"]
    return torch.nn.AvgPool2d(
        tuple(window["kernel"]),
        stride=tuple(window["stride"]),
        padding=tuple(window["padding"]),
        ceil_mode=config["ceil_mode"],
        count_include_pad=config["count_include_pad"],
    )


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    window, (_, _, rows, columns) = config["window"], _padding(config)
    flat = [rows[0], columns[0], rows[1], columns[1]]
    same = flat == st.same_padding({**window, "dilation": [1, 1]}) and not config["count_include_pad"]
    factors = math.prod(window["kernel"]) / _counts(config).transpose(0, 2, 3, 1).astype(config["dtype"])

    class AvgPool2d(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 3, 1])
            if same or not any(flat):
                y = tf.nn.avg_pool2d(x, window["kernel"], window["stride"], "SAME" if same else "VALID")
            else:
                x = tf.pad(x, [[0, 0], rows, columns, [0, 0]])
                y = tf.nn.avg_pool2d(x, window["kernel"], window["stride"], "VALID")
                if (factors != 1).any():
                    y = y * factors
            return {"y": tf.transpose(y, [0, 3, 1, 2])}

    return AvgPool2d()


_WINDOW = {"kernel": [3, 2], "stride": [2, 2], "padding": [0, 0], "size": [5, 6]}
_PADDED = {**_WINDOW, "kernel": [3, 3], "padding": [1, 1], "size": [4, 6]}

LAYER = LayerSpec(
    name="avg_pool2d",
    source="PyTorch, torch.nn.AvgPool2d; ONNX AveragePool-19",
    catches="padding that is counted or not, and cells beyond it that are counted with ceil_mode",
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
            "window": _WINDOW,
            "ceil_mode": False,
            "count_include_pad": False,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 2,
            "window": _PADDED,
            "ceil_mode": True,
            "count_include_pad": True,
        },
        {
            "batch": 1,
            "dtype": "float32",
            "channels": 2,
            "window": {**_PADDED, "stride": [1, 1]},
            "ceil_mode": False,
            "count_include_pad": False,
        },
    ),
)
