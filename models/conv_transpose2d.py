"""2-D transposed convolution, with padding, output padding and groups."""

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
    """Draw a config; no dilation, which TensorFlow's kernel for the CPU refuses."""
    groups = draw(st.sampled_from([1, 1, 2]))
    kernel = [draw(st.sizes(3)) for _ in range(2)]
    stride = [draw(st.sizes(3)) for _ in range(2)]
    return draw(
        st.configs(
            in_channels=st.sizes(3).map(lambda each: each * groups),
            out_channels=st.sizes(3).map(lambda each: each * groups),
            groups=st.just(groups),
            size=st.shapes(ranks=(2, 2), largest=4),
            kernel=st.just(kernel),
            stride=st.just(stride),
            padding=st.just([draw(st.integers(0, (cells - 1) // 2)) for cells in kernel]),
            output_padding=st.just([draw(st.integers(0, step - 1)) for step in stride]),
            bias=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["in_channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["in_channels"], *config["size"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    shape = (config["in_channels"], config["out_channels"] // config["groups"], *config["kernel"])
    fan_in = config["in_channels"] // config["groups"] * math.prod(config["kernel"])
    arrays = {"weight": rng.standard_normal(shape) / math.sqrt(fan_in)}
    return {**arrays, "bias": rng.standard_normal(config["out_channels"])} if config["bias"] else arrays


def _size(config: Config) -> list[int]:
    """Return the height and width of the output."""
    keys = ("size", "stride", "padding", "kernel", "output_padding")
    return [
        (size - 1) * stride - 2 * pad + kernel + extra
        for size, stride, pad, kernel, extra in zip(*(config[key] for key in keys), strict=True)
    ]


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every cell times the kernel, added up at stride times the cell's place, then cropped.

    x: (batch, in_channels, height, width). weight: (in_channels, out_channels // groups, kernel height, kernel width).
    bias: (out_channels,). Returns {"y": (batch, out_channels, height, width)}. padding: pixels cropped on both sides,
    rows, columns. output_padding: pixels that come after, of what the kernel gives there or of zeros.
    Source: ONNX operator ConvTranspose, opset 11.
    """
    x, groups, (down, across) = inputs["x"], config["groups"], config["stride"]
    (rows, columns), (top, left), (height, width) = config["size"], config["padding"], _size(config)
    full = np.zeros((len(x), config["out_channels"], height + 2 * top, width + 2 * left))
    pairs = zip(np.split(x, groups, axis=1), np.split(weights["weight"], groups), strict=True)
    products = [np.einsum("bchw,coij->bohwij", cells, kernel) for cells, kernel in pairs]
    for row, column in np.ndindex(*config["kernel"]):
        terms = np.concatenate([product[..., row, column] for product in products], axis=1)
        full[:, :, row : row + (rows - 1) * down + 1 : down, column : column + (columns - 1) * across + 1 : across] += (
            terms
        )
    y = full[:, :, top : top + height, left : left + width]
    return {"y": y + weights["bias"][:, None, None] if config["bias"] else y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the products and of the bias, which may cancel."""
    magnitudes = {name: np.abs(array) for name, array in weights.items()}
    return reference(config, magnitudes, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    convolution = torch.nn.ConvTranspose2d(
        config["in_channels"],
        config["out_channels"],
        tuple(config["kernel"]),
        stride=tuple(config["stride"]),
        padding=tuple(config["padding"]),
        output_padding=tuple(config["output_padding"]),
        groups=config["groups"],
        bias=config["bias"],
        dtype=getattr(torch, config["dtype"]),
    )
    convolution.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return convolution


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    groups, (top, left) = config["groups"], config["padding"]
    padding: Any = [[0, 0], [top, top], [left, left], [0, 0]] if top or left else "VALID"

    class ConvTranspose2d(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernels = [
                tf.Variable(kernel.transpose(2, 3, 1, 0), trainable=False)
                for kernel in np.split(weights["weight"], groups)
            ]
            self.bias = tf.Variable(weights["bias"], trainable=False) if config["bias"] else None

        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 3, 1])
            # tf.nn.conv2d_transpose knows no groups, and keras.layers.Conv2DTranspose knows neither them nor padding
            # by numbers.
            shape = [tf.shape(x)[0], *_size(config), config["out_channels"] // groups]
            y = tf.concat(
                [
                    tf.nn.conv2d_transpose(part, kernel, shape, config["stride"], padding)
                    for part, kernel in zip(tf.split(x, groups, axis=3), self.kernels, strict=True)
                ],
                axis=3,
            )
            if self.bias is not None:
                y = tf.nn.bias_add(y, self.bias)
            return {"y": tf.transpose(y, [0, 3, 1, 2])}

    return ConvTranspose2d()


_CONFIG = {
    "batch": 2,
    "dtype": "float32",
    "in_channels": 3,
    "out_channels": 2,
    "groups": 1,
    "size": [3, 4],
    "kernel": [3, 3],
    "stride": [2, 2],
    "padding": [0, 0],
    "output_padding": [0, 0],
    "bias": True,
}

LAYER = LayerSpec(
    name="conv_transpose2d",
    source="Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), chapter 4; ONNX "
    "ConvTranspose-11",
    catches="output padding on the wrong side, kernels that are flipped or not, swapped channels, groups",
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
        {**_CONFIG, "padding": [1, 1], "output_padding": [1, 0], "bias": False},
        {**_CONFIG, "batch": 1, "in_channels": 4, "groups": 2, "kernel": [2, 3], "stride": [3, 1]},
    ),
)
