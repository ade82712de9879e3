"""A residual block of a deep ResNet: 1x1, 3x3 and 1x1 convolution, each with batch normalisation, beside a shortcut."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

EPSILON = 1e-5
STATISTICS = ("scale", "offset", "mean", "variance")


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; the shortcut is the input itself where shapes allow it, which half of the draws make sure of."""
    channels = draw(st.sizes(4))
    identity = draw(st.booleans())
    return draw(
        st.configs(
            layout=st.sampled_from(["NCHW", "NHWC"]),
            in_channels=st.just(channels),
            hidden=st.sizes(3),
            out_channels=st.just(channels) if identity else st.sizes(5),
            stride=st.just(1) if identity else st.sizes(2),
            strided=st.sampled_from(["first", "second"]),
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


def _convolutions(config: Config) -> dict[str, tuple[int, int, int, int]]:
    """Return in channels, out channels, kernel size and stride by name; "shortcut" is there if it is a projection."""
    inside, hidden, outside, stride = (config[key] for key in ("in_channels", "hidden", "out_channels", "stride"))
    first = config["strided"] == "first"
    convolutions = {
        "reduce": (inside, hidden, 1, stride if first else 1),
        "spatial": (hidden, hidden, 3, 1 if first else stride),
        "expand": (hidden, outside, 1, 1),
    }
    projection = stride > 1 or inside != outside
    return {**convolutions, "shortcut": (inside, outside, 1, stride)} if projection else convolutions


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    arrays = {}
    for name, (inside, outside, kernel, _) in _convolutions(config).items():
        shape = (outside, inside, kernel, kernel)
        arrays[f"{name}_weight"] = rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))
        arrays[f"{name}_scale"] = 1 + rng.standard_normal(outside) / 4
        arrays[f"{name}_offset"] = rng.standard_normal(outside) / 2
        arrays[f"{name}_mean"] = rng.standard_normal(outside) / 2
        arrays[f"{name}_variance"] = 10 ** rng.uniform(-1, 0.5, outside)
    return arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """ReLU of the sum of the shortcut and of three convolutions, the first two followed by ReLU.

    x: (batch, in_channels, height, width), or (batch, height, width, in_channels) if the layout is NHWC.
    <name>_weight: (channels out, channels in, kernel, kernel), no bias. Batch normalisation with given statistics,
    epsilon 1e-5. The 3x3 convolution has one pixel of zeros on every side. The first ("first") or second convolution
    has the stride. The shortcut is x, or a 1x1 convolution with batch normalisation where shape or stride differ.
    Returns {"y": (batch, out_channels, oh, ow)}, or (batch, oh, ow, out_channels). ReLU of NaN is NaN.
    Source: He et al., Deep Residual Learning for Image Recognition (2016), section 3.3 and figure 5, right; the stride
    of the second convolution: torchvision, ResNet V1.5.
    """
    convolutions = _convolutions(config)

    def convolve(name: str, x: np.ndarray) -> np.ndarray:
        _, _, kernel, stride = convolutions[name]
        border = (kernel - 1) // 2
        x = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
        patches = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
        # einsum without BLAS: zero times infinity is NaN in every build, whatever the sizes.
        y = np.einsum("bchwij,ocij->bohw", patches, weights[f"{name}_weight"])
        scale, offset, mean, variance = (weights[f"{name}_{each}"][:, None, None] for each in STATISTICS)
        return (y - mean) / np.sqrt(variance + EPSILON) * scale + offset

    x = inputs["x"] if config["layout"] == "NCHW" else inputs["x"].transpose(0, 3, 1, 2)
    y = np.maximum(convolve("reduce", x), 0.0)
    y = convolve("expand", np.maximum(convolve("spatial", y), 0.0))
    y = np.maximum(y + (convolve("shortcut", x) if "shortcut" in convolutions else x), 0.0)
    return {"y": y if config["layout"] == "NCHW" else y.transpose(0, 2, 3, 1)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor, nn

    dtype, convolutions = getattr(torch, config["dtype"]), _convolutions(config)
    tensors = {name: torch.tensor(array) for name, array in weights.items()}

    def convolve(name: str) -> nn.Module:
        inside, outside, kernel, stride = convolutions[name]
        convolution = nn.Conv2d(inside, outside, kernel, stride, padding=kernel // 2, bias=False, dtype=dtype)
        convolution.load_state_dict({"weight": tensors[f"{name}_weight"]})
        norm = nn.BatchNorm2d(outside, eps=EPSILON, dtype=dtype)
        keys = ("weight", "bias", "running_mean", "running_var")
        norm.load_state_dict({key: tensors[f"{name}_{ours}"] for key, ours in zip(keys, STATISTICS, strict=True)})
        return nn.Sequential(convolution, norm)

    class Bottleneck(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.reduce, self.spatial, self.expand = convolve("reduce"), convolve("spatial"), convolve("expand")
            self.shortcut = convolve("shortcut") if "shortcut" in convolutions else nn.Identity()
            self.relu = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            y = self.relu(self.spatial(self.relu(self.reduce(x))))
            return self.relu(self.expand(y) + self.shortcut(x))

    class ChannelsLast(Bottleneck):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    return Bottleneck() if config["layout"] == "NCHW" else ChannelsLast()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    dtype, convolutions = config["dtype"], _convolutions(config)

    # Padding "same" of Keras puts the odd cell after where the stride is 2, so the cells are put there by a layer.
    def convolve(name: str) -> Any:
        inside, outside, kernel, stride = convolutions[name]
        convolution = keras.layers.Conv2D(outside, kernel, strides=stride, use_bias=False, dtype=dtype)
        norm = keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype)
        padding = [keras.layers.ZeroPadding2D(kernel // 2, dtype=dtype)] if kernel > 1 else []
        layers = keras.Sequential([*padding, convolution, norm])
        layers.build((None, config["height"] + 2, config["width"] + 2, inside))
        convolution.set_weights([weights[f"{name}_weight"].transpose(2, 3, 1, 0)])
        norm.set_weights([weights[f"{name}_{each}"] for each in STATISTICS])
        return layers

    class Bottleneck(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = {name: convolve(name) for name in convolutions}

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            if config["layout"] == "NCHW":
                x = tf.transpose(x, [0, 2, 3, 1])
            shortcut = self.layers["shortcut"](x) if "shortcut" in convolutions else x
            y = tf.nn.relu(self.layers["spatial"](tf.nn.relu(self.layers["reduce"](x))))
            y = tf.nn.relu(self.layers["expand"](y) + shortcut)
            return {"y": tf.transpose(y, [0, 3, 1, 2]) if config["layout"] == "NCHW" else y}

    return Bottleneck()


SMALL: Config = {"batch": 2, "dtype": "float32", "in_channels": 4, "hidden": 2, "height": 4, "width": 3}

LAYER = LayerSpec(
    name="resnet_bottleneck",
    source="He et al., Deep Residual Learning for Image Recognition (2016), section 3.3",
    catches="a stride on the other convolution, padding after instead of around, a shortcut added after the ReLU",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "layout": "NCHW", "out_channels": 4, "stride": 1, "strided": "second"},
        {**SMALL, "layout": "NHWC", "out_channels": 5, "stride": 2, "strided": "second"},
    ),
)
