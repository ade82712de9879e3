"""Resizing an image by taking the nearest pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        channels=st.sizes(3),
        size=st.shapes(ranks=(2, 2), largest=6),
        out_size=st.shapes(ranks=(2, 2), largest=6),
        centres=st.sampled_from(["asymmetric", "half_pixel"]),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["channels"], *config["size"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _taken(config: Config, axis: int) -> np.ndarray:
    """Return which pixel of the input each pixel of the output is; in integers, so that nothing is rounded."""
    size, out_size, half = config["size"][axis], config["out_size"][axis], config["centres"] == "half_pixel"
    return np.asarray((2 * np.arange(out_size) + half) * size // (2 * out_size))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The pixel below i * size / out_size, or, if pixels have their centres in the middle, (i + 1/2) * size / out_size.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, *out_size)}. A half is rounded up.
    Source: ONNX operator Resize, opset 19: asymmetric with floor, half_pixel with round_prefer_ceil.
    """
    return {"y": inputs["x"][:, :, _taken(config, 0)[:, None], _taken(config, 1)]}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    modes = {"asymmetric": "nearest", "half_pixel": "nearest-exact"}
    return torch.nn.Upsample(size=tuple(config["out_size"]), mode=modes[config["centres"]])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class ResizeNearest(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            x = tf.transpose(x, [0, 2, 3, 1])
            if config["centres"] == "half_pixel":
                y = tf.image.resize(x, config["out_size"], "nearest")
            else:
                # The way of TensorFlow 1, which the newer function has no argument for.
                y = tf.compat.v1.image.resize_nearest_neighbor(x, config["out_size"])
            return {"y": tf.transpose(y, [0, 3, 1, 2])}

    return ResizeNearest()


_CONFIG = {
    "batch": 2,
    "dtype": "float32",
    "channels": 2,
    "size": [3, 4],
    "out_size": [6, 5],
    "centres": "half_pixel",
}

LAYER = LayerSpec(
    name="resize_nearest",
    source="ONNX Resize-19; PyTorch, torch.nn.Upsample, modes nearest and nearest-exact",
    catches="another rule for where pixels lie or for a half, and positions that rounding puts a pixel off",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        _CONFIG,
        {**_CONFIG, "centres": "asymmetric"},
        {**_CONFIG, "batch": 1, "size": [6, 5], "out_size": [4, 3]},
        {**_CONFIG, "batch": 1, "size": [6, 5], "out_size": [4, 3], "centres": "asymmetric"},
    ),
)
