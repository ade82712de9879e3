"""Channels of an image weighted by a small network over their means."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

# Sigmoid and ReLU are the paper's; MobileNetV3 has the hard sigmoid, EfficientNet SiLU.
GATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
}
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        channels=st.sizes(6),
        reduced=st.sizes(3),
        height=st.sizes(5),
        width=st.sizes(5),
        layout=st.sampled_from(["NCHW", "NHWC"]),
        activation=st.sampled_from(list(ACTIVATIONS)),
        gate=st.sampled_from(list(GATES)),
    )


def _shape(config: Config) -> tuple[int, int, int]:
    channels, height, width = config["channels"], config["height"], config["width"]
    return (channels, height, width) if config["layout"] == "NCHW" else (height, width, channels)


def signature(config: Config) -> Signature:
    return Signature(inputs=(TensorSpec("x", config["dtype"], ("batch", *_shape(config))),), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *_shape(config)), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    channels, reduced = config["channels"], config["reduced"]
    return {
        "reduce_weight": rng.standard_normal((reduced, channels)) / math.sqrt(channels),
        "reduce_bias": rng.standard_normal(reduced) / 2,
        "expand_weight": rng.standard_normal((channels, reduced)) / math.sqrt(reduced),
        "expand_bias": rng.standard_normal(channels) / 2,
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Every channel times its gate: a linear layer, an activation and a linear layer over the means of all channels.

    x: (batch, channels, height, width), or (batch, height, width, channels) if the layout is NHWC.
    reduce_weight: (reduced, channels). expand_weight: (channels, reduced). Biases: one for each row.
    hard_sigmoid is min(1, max(0, x / 6 + 1 / 2)). Returns {"y": same shape as x}.
    Source: Hu et al., Squeeze-and-Excitation Networks (2018), section 3; the hard sigmoid: Howard et al., Searching for
    MobileNetV3 (2019), section 5.2, and ONNX operator HardSwish, opset 14, whose HardSigmoid has alpha 1 / 6.
    """
    x = inputs["x"]
    axes = (2, 3) if config["layout"] == "NCHW" else (1, 2)
    hidden = ACTIVATIONS[config["activation"]](x.mean(axis=axes) @ weights["reduce_weight"].T + weights["reduce_bias"])
    gates = GATES[config["gate"]](hidden @ weights["expand_weight"].T + weights["expand_bias"])
    return {"y": x * np.expand_dims(gates, axes)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor, nn

    channels, reduced = config["channels"], config["reduced"]
    dtype = getattr(torch, config["dtype"])
    tensors = {name: torch.tensor(array) for name, array in weights.items()}

    class SqueezeExcite(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.reduce = nn.Conv2d(channels, reduced, 1, dtype=dtype)
            self.activation = nn.ReLU() if config["activation"] == "relu" else nn.SiLU()
            self.expand = nn.Conv2d(reduced, channels, 1, dtype=dtype)
            self.gate = nn.Sigmoid() if config["gate"] == "sigmoid" else nn.Hardsigmoid()
            for name, convolution in (("reduce", self.reduce), ("expand", self.expand)):
                weight = tensors[f"{name}_weight"][:, :, None, None]
                convolution.load_state_dict({"weight": weight, "bias": tensors[f"{name}_bias"]})

        def forward(self, x: Tensor) -> Tensor:
            return x * self.gate(self.expand(self.activation(self.reduce(self.pool(x)))))

    class ChannelsLast(SqueezeExcite):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    return SqueezeExcite() if config["layout"] == "NCHW" else ChannelsLast()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    channels, reduced = config["channels"], config["reduced"]
    channels_first = config["layout"] == "NCHW"

    class SqueezeExcite(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = keras.layers.GlobalAveragePooling2D(
                data_format="channels_first" if channels_first else "channels_last", dtype=config["dtype"]
            )
            self.reduce = keras.layers.Dense(reduced, activation=config["activation"], dtype=config["dtype"])
            self.expand = keras.layers.Dense(channels, activation=config["gate"], dtype=config["dtype"])
            for name, dense, size in (("reduce", self.reduce, channels), ("expand", self.expand, reduced)):
                dense.build((None, size))
                dense.set_weights([weights[f"{name}_weight"].T, weights[f"{name}_bias"]])

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            gates = self.expand(self.reduce(self.pool(x)))
            gates = gates[:, :, tf.newaxis, tf.newaxis] if channels_first else gates[:, tf.newaxis, tf.newaxis, :]
            return {"y": x * gates}

    return SqueezeExcite()


SMALL: Config = {"batch": 2, "dtype": "float32", "channels": 5, "reduced": 2, "height": 3, "width": 4}

LAYER = LayerSpec(
    name="squeeze_excite",
    source="Hu et al., Squeeze-and-Excitation Networks (2018), section 3",
    catches="a mean over the wrong axes, a hard sigmoid of another slope, gates broadcast along the wrong axis",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "layout": "NCHW", "activation": "relu", "gate": "sigmoid"},
        {**SMALL, "layout": "NHWC", "activation": "relu", "gate": "hard_sigmoid"},
        {**SMALL, "layout": "NHWC", "activation": "silu", "gate": "sigmoid", "channels": 4, "width": 3},
    ),
)
