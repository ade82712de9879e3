"""1-D convolution over time, causal ones among them."""

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
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    return draw(
        st.configs(
            in_channels=st.sizes(3).map(lambda each: each * groups),
            out_channels=st.sizes(3).map(lambda each: each * groups),
            groups=st.just(groups),
            window=st.windows(axes=1),
            bias=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["in_channels"], *config["window"]["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["in_channels"], *config["window"]["size"])
    return st.named(x=st.tensors(shape, config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    shape = (config["out_channels"], config["in_channels"] // config["groups"], *config["window"]["kernel"])
    arrays = {"weight": rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))}
    return {**arrays, "bias": rng.standard_normal(config["out_channels"])} if config["bias"] else arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Cross-correlation along time.

    x: (batch, in_channels, time). weight: (out_channels, in_channels // groups, kernel). bias: (out_channels,).
    Returns {"y": (batch, out_channels, time)}. Padding counts are steps of zeros: before, after.
    Source: ONNX operator Conv, opset 11.
    """
    window, groups = config["window"], config["groups"]
    x = np.pad(inputs["x"], ((0, 0), (0, 0), tuple(window["padding"])))
    (kernel,), (stride,), (step,) = window["kernel"], window["stride"], window["dilation"]
    patches = np.lib.stride_tricks.sliding_window_view(x, (kernel - 1) * step + 1, axis=2)[:, :, ::stride, ::step]
    pairs = zip(np.split(patches, groups, axis=1), np.split(weights["weight"], groups), strict=True)
    y = np.concatenate([np.einsum("bcti,oci->bot", patch, kernel) for patch, kernel in pairs], axis=1)
    return {"y": y + weights["bias"][:, None] if config["bias"] else y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the products and of the bias, which may cancel."""
    magnitudes = {name: np.abs(array) for name, array in weights.items()}
    return reference(config, magnitudes, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    window = config["window"]
    before, after = window["padding"]
    convolution = torch.nn.Conv1d(
        config["in_channels"],
        config["out_channels"],
        *window["kernel"],
        stride=window["stride"],
        padding=before if before == after else 0,
        dilation=window["dilation"],
        groups=config["groups"],
        bias=config["bias"],
        dtype=getattr(torch, config["dtype"]),
    )
    convolution.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    if before == after:
        return convolution
    return torch.nn.Sequential(torch.nn.ConstantPad1d((before, after), 0.0), convolution)


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    window = config["window"]
    same = any(window["padding"]) and window["padding"] == st.same_padding(window)

    class Conv1d(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(weights["weight"].transpose(2, 1, 0), trainable=False)
            self.bias = tf.Variable(weights["bias"], trainable=False) if config["bias"] else None

        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 1])
            if any(window["padding"]) and not same:
                x = tf.pad(x, [[0, 0], window["padding"], [0, 0]])
            # tf.nn.conv1d and not keras.layers.Conv1D: Keras 3.15 refuses stride with dilation.
            y = tf.nn.conv1d(
                x, self.kernel, window["stride"], "SAME" if same else "VALID", dilations=window["dilation"]
            )
            if self.bias is not None:
                y = tf.nn.bias_add(y, self.bias)
            return {"y": tf.transpose(y, [0, 2, 1])}

    return Conv1d()


_WINDOW = {"kernel": [3], "stride": [1], "dilation": [1], "padding": [1, 1], "size": [6]}

LAYER = LayerSpec(
    name="conv1d",
    source="van den Oord et al., WaveNet (2016), section 2.1, for causal and dilated ones; ONNX Conv-11",
    catches="the axis that is put in to reuse 2-D convolution, causal padding on the wrong side, dilation with stride",
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
            "bias": True,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "in_channels": 4,
            "out_channels": 2,
            "groups": 2,
            "window": {**_WINDOW, "kernel": [2], "dilation": [2], "padding": [2, 0]},
            "bias": False,
        },
        {
            "batch": 1,
            "dtype": "float32",
            "in_channels": 2,
            "out_channels": 2,
            "groups": 1,
            "window": {**_WINDOW, "kernel": [2], "stride": [2], "dilation": [2], "padding": [0, 0]},
            "bias": True,
        },
    ),
)
