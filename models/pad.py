"""Padding with a constant, or by what is at the border: reflected or repeated."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec, Unsupported
from nnparity.layers import LayerSpec, Signature

NUMPY_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


@st.composite
def configs(draw: Any) -> Config:
    """Draw one or two axes behind batch and channels, and how much goes before and after each of them."""
    mode = draw(st.sampled_from(list(NUMPY_MODES)))
    size = draw(st.shapes(ranks=(1, 2), largest=5))
    # A reflection leaves out the border itself. A negative number cuts off; the constant mode only knows that.
    least, most = {"constant": (-1, 3), "reflect": (0, 9), "replicate": (0, 3)}[mode]
    padding = []
    for length in size:
        floor = least if length > 2 else 0
        ends = st.integers(floor, min(most, length - 1) if mode == "reflect" else most)
        padding.append([draw(ends), draw(ends)])
    value = draw(st.sampled_from([0.0, -1.5])) if mode == "constant" else 0.0
    return draw(
        st.configs(
            channels=st.sizes(3),
            size=st.just(size),
            mode=st.just(mode),
            padding=st.just(padding),
            value=st.just(value),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["channels"], *config["size"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The tensor with more elements, or fewer for a negative number, before and after every axis of `size`.

    x: (batch, channels, *size). padding: [before, after] for every axis of size. Returns {"y": likewise}.
    Source: ONNX operator Pad, opset 13, modes constant, reflect and edge.
    """
    x, padding = inputs["x"], config["padding"]
    cut = tuple(
        slice(max(0, -before), size - max(0, -after))
        for (before, after), size in zip(padding, config["size"], strict=True)
    )
    widths = [(0, 0), (0, 0), *((max(0, before), max(0, after)) for before, after in padding)]
    values: dict[str, Any] = {"constant_values": config["value"]} if config["mode"] == "constant" else {}
    return {"y": np.pad(x[(..., *cut)], widths, mode=NUMPY_MODES[config["mode"]], **values)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    # PyTorch counts from the last axis.
    widths = [width for pair in reversed(config["padding"]) for width in pair]
    value = config["value"] if config["mode"] == "constant" else None

    class Pad(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.pad(x, widths, mode=config["mode"], value=value)

    return Pad()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    """Gather the nearest elements to replicate a border, for which TensorFlow has no mode."""
    import tensorflow as tf

    if min(width for pair in config["padding"] for width in pair) < 0:
        raise Unsupported("tf.pad: paddings must be non-negative")
    widths = [[0, 0], [0, 0], *config["padding"]]

    class Pad(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            if config["mode"] == "constant":
                return {"y": tf.pad(x, widths, constant_values=config["value"])}
            if config["mode"] == "reflect":
                return {"y": tf.pad(x, widths, mode="REFLECT")}
            for axis, ((before, after), size) in enumerate(zip(config["padding"], config["size"], strict=True), 2):
                places = np.clip(np.arange(-before, size + after), 0, size - 1)
                x = tf.gather(x, places, axis=axis)
            return {"y": x}

    return Pad()


LAYER = LayerSpec(
    name="pad",
    source="ONNX Pad-13; PyTorch, torch.nn.functional.pad; TensorFlow, tf.pad",
    catches="the order of axes or ends, a border that is doubled in a reflection, a lost value, negative padding",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 2,
            "size": [3, 4],
            "mode": "constant",
            "padding": [[0, 1], [2, 3]],
            "value": -1.5,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 1,
            "size": [3, 4],
            "mode": "reflect",
            "padding": [[2, 1], [0, 3]],
            "value": 0.0,
        },
        {
            "batch": 1,
            "dtype": "float32",
            "channels": 2,
            "size": [3],
            "mode": "replicate",
            "padding": [[1, 2]],
            "value": 0.0,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "channels": 1,
            "size": [4],
            "mode": "constant",
            "padding": [[-1, 2]],
            "value": 0.0,
        },
    ),
)
