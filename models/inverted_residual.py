"""A block of a MobileNet: widened by a 1x1 convolution, filtered channel by channel, and narrowed again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

EPSILON = 1e-3
STATISTICS = ("scale", "offset", "mean", "variance")
PARTS = ("widen", "filter", "narrow")


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; half of the draws have the shape that takes a residual."""
    channels = draw(st.sizes(3))
    residual = draw(st.booleans())
    return draw(
        st.configs(
            layout=st.sampled_from(["NCHW", "NHWC"]),
            in_channels=st.just(channels),
            out_channels=st.just(channels) if residual else st.sizes(4),
            expansion=st.sizes(3),
            kernel=st.sampled_from([3, 5]),
            stride=st.just(1) if residual else st.sizes(2),
            height=st.sizes(5),
            width=st.sizes(5),
        )
    )


def _shape(config: Config) -> tuple[int, int, int]:
    channels, height, width = config["in_channels"], config["height"], config["width"]
    return (channels, height, width) if config["layout"] == "NCHW" else (height, width, channels)


def signature(config: Config) -> Signature:
    return Signature(inputs=(TensorSpec("x", config["dtype"], ("batch", *_shape(config))),), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *_shape(config)), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    inside, outside, kernel = config["in_channels"], config["out_channels"], config["kernel"]
    hidden = inside * config["expansion"]
    shapes = {"widen": (hidden, inside, 1, 1), "filter": (hidden, 1, kernel, kernel), "narrow": (outside, hidden, 1, 1)}
    arrays = {}
    for name, shape in shapes.items():
        arrays[f"{name}_weight"] = rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))
        arrays[f"{name}_scale"] = 1 + rng.standard_normal(shape[0]) / 4
        arrays[f"{name}_offset"] = rng.standard_normal(shape[0]) / 2
        arrays[f"{name}_mean"] = rng.standard_normal(shape[0]) / 2
        arrays[f"{name}_variance"] = 10 ** rng.uniform(-1, 0.5, shape[0])
    return arrays


def _has_residual(config: Config) -> bool:
    return bool(config["stride"] == 1 and config["in_channels"] == config["out_channels"])


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Three convolutions with batch normalisation, the first two followed by ReLU6, plus x where shapes allow it.

    x: (batch, in_channels, height, width), or (batch, height, width, in_channels) if the layout is NHWC.
    widen_weight: (hidden, in_channels, 1, 1). filter_weight: (hidden, 1, kernel, kernel), one for each channel, with
    kernel // 2 pixels of zeros on every side. narrow_weight: (out_channels, hidden, 1, 1). hidden is in_channels times
    the expansion. Batch normalisation with given statistics, epsilon 1e-3. ReLU6 of NaN is NaN.
    Returns {"y": (batch, out_channels, oh, ow)}, or (batch, oh, ow, out_channels).
    Source: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks (2018), section 3.3.
    """

    def norm(name: str, y: np.ndarray) -> np.ndarray:
        scale, offset, mean, variance = (weights[f"{name}_{each}"][:, None, None] for each in STATISTICS)
        return (y - mean) / np.sqrt(variance + EPSILON) * scale + offset

    x = inputs["x"] if config["layout"] == "NCHW" else inputs["x"].transpose(0, 3, 1, 2)
    kernel, border, stride = config["kernel"], config["kernel"] // 2, config["stride"]
    # einsum without BLAS: zero times infinity is NaN in every build, whatever the sizes.
    y = np.clip(norm("widen", np.einsum("bchw,oc->bohw", x, weights["widen_weight"][:, :, 0, 0])), 0.0, 6.0)
    y = np.pad(y, ((0, 0), (0, 0), (border, border), (border, border)))
    patches = np.lib.stride_tricks.sliding_window_view(y, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("bchwij,cij->bchw", patches, weights["filter_weight"][:, 0])
    y = np.clip(norm("filter", y), 0.0, 6.0)
    y = norm("narrow", np.einsum("bchw,oc->bohw", y, weights["narrow_weight"][:, :, 0, 0]))
    if _has_residual(config):
        y = x + y
    return {"y": y if config["layout"] == "NCHW" else y.transpose(0, 2, 3, 1)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor, nn

    dtype = getattr(torch, config["dtype"])
    tensors = {name: torch.tensor(array) for name, array in weights.items()}

    def convolve(name: str) -> list[nn.Module]:
        weight = tensors[f"{name}_weight"]
        outside, inside, kernel, _ = weight.shape
        depthwise = name == "filter"
        convolution = nn.Conv2d(
            outside if depthwise else inside,
            outside,
            kernel,
            stride=config["stride"] if depthwise else 1,
            padding=kernel // 2,
            groups=outside if depthwise else 1,
            bias=False,
            dtype=dtype,
        )
        convolution.load_state_dict({"weight": weight})
        norm = nn.BatchNorm2d(outside, eps=EPSILON, dtype=dtype)
        keys = ("weight", "bias", "running_mean", "running_var")
        norm.load_state_dict({key: tensors[f"{name}_{ours}"] for key, ours in zip(keys, STATISTICS, strict=True)})
        return [convolution, norm]

    class InvertedResidual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            widen, filtered, narrow = (convolve(name) for name in PARTS)
            self.layers = nn.Sequential(*widen, nn.ReLU6(), *filtered, nn.ReLU6(), *narrow)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.layers(x) if _has_residual(config) else self.layers(x)

    class ChannelsLast(InvertedResidual):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    return InvertedResidual() if config["layout"] == "NCHW" else ChannelsLast()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    dtype, kernel, hidden = config["dtype"], config["kernel"], config["in_channels"] * config["expansion"]
    options = {"use_bias": False, "dtype": dtype}
    # Padding "same" of Keras puts the odd cell after where the stride is 2, so the cells are put there by a layer.
    layers = [
        keras.layers.Conv2D(hidden, 1, **options),
        keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype),
        keras.layers.ReLU(6.0, dtype=dtype),
        keras.layers.ZeroPadding2D(kernel // 2, dtype=dtype),
        keras.layers.DepthwiseConv2D(kernel, strides=config["stride"], **options),
        keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype),
        keras.layers.ReLU(6.0, dtype=dtype),
        keras.layers.Conv2D(config["out_channels"], 1, **options),
        keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype),
    ]
    block = keras.Sequential(layers)
    block.build((None, config["height"], config["width"], config["in_channels"]))
    for name, convolution, norm in zip(PARTS, (layers[0], layers[4], layers[7]), (1, 5, 8), strict=True):
        order = (2, 3, 0, 1) if name == "filter" else (2, 3, 1, 0)
        convolution.set_weights([weights[f"{name}_weight"].transpose(order)])
        layers[norm].set_weights([weights[f"{name}_{each}"] for each in STATISTICS])

    class InvertedResidual(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = block

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            if config["layout"] == "NCHW":
                x = tf.transpose(x, [0, 2, 3, 1])
            y = x + self.block(x) if _has_residual(config) else self.block(x)
            return {"y": tf.transpose(y, [0, 3, 1, 2]) if config["layout"] == "NCHW" else y}

    return InvertedResidual()


SMALL: Config = {"batch": 2, "dtype": "float32", "in_channels": 3, "expansion": 2, "height": 4, "width": 3}

LAYER = LayerSpec(
    name="inverted_residual",
    source="Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks (2018), section 3.3",
    catches="a depthwise convolution taken for a full one, ReLU for ReLU6, an activation after the last convolution",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "layout": "NCHW", "out_channels": 3, "kernel": 3, "stride": 1},
        {**SMALL, "layout": "NHWC", "out_channels": 4, "kernel": 5, "stride": 2},
    ),
)
