"""Resizing an image by linear interpolation along height and width."""

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
        align_corners=st.booleans(),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    """Draw finite images: whether a pixel of weight zero, which may be infinite, takes part is nowhere specified."""
    shape = (config["batch"], config["channels"], *config["size"])
    return st.named(x=st.tensors(shape, config["dtype"], non_finite=False))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _places(config: Config, axis: int) -> np.ndarray:
    """Return where each pixel of the output lies among those of the input."""
    size, out_size = config["size"][axis], config["out_size"][axis]
    index = np.arange(out_size)
    if config["align_corners"]:
        return np.asarray(index * (size - 1) / max(1, out_size - 1))
    return np.asarray(((index + 0.5) * size / out_size - 0.5).clip(0, size - 1))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The pixels on both sides of the place on each axis, weighted by nearness.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, *out_size)}. A pixel lies at its centre, and
    beyond the outermost centres the image goes on as there; with align_corners the outermost centres of input and
    output coincide, and an output of one pixel is the first.
    Source: PyTorch, torch.nn.Upsample, mode bilinear; ONNX operator Resize, opset 19, half_pixel and align_corners.
    """
    y = inputs["x"]
    for axis, size in enumerate(config["size"]):
        places = _places(config, axis)
        below = np.floor(places).astype(int)
        share = (places - below).reshape(-1, *[1] * (1 - axis))
        above = np.minimum(below + 1, size - 1)
        y = np.take(y, below, axis + 2) * (1 - share) + np.take(y, above, axis + 2) * share
    return {"y": y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the pixels around the place, which a rounded place may give a share that is not due."""
    y = np.abs(inputs["x"])
    for axis, size in enumerate(config["size"]):
        places = _places(config, axis)
        around = np.floor(np.stack([places - 1e-6, places, places + 1])).astype(int).clip(0, size - 1)
        y = np.take(y, around[0], axis + 2) + np.take(y, around[1], axis + 2) + np.take(y, around[2], axis + 2)
    return {"y": y}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.Upsample(size=tuple(config["out_size"]), mode="bilinear", align_corners=config["align_corners"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class ResizeBilinear(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            y = tf.transpose(x, [0, 2, 3, 1])
            if config["align_corners"]:
                # The way of TensorFlow 1, which the newer function has no argument for.
                y = tf.compat.v1.image.resize_bilinear(y, config["out_size"], align_corners=True)
            else:
                y = tf.image.resize(y, config["out_size"], "bilinear")
            # TensorFlow interpolates in float32 whatever it is given.
            return {"y": tf.cast(tf.transpose(y, [0, 3, 1, 2]), x.dtype)}

    return ResizeBilinear()


_CONFIG = {
    "batch": 2,
    "dtype": "float32",
    "channels": 2,
    "size": [3, 4],
    "out_size": [6, 5],
    "align_corners": False,
}

LAYER = LayerSpec(
    name="resize_bilinear",
    source="PyTorch, torch.nn.Upsample, mode bilinear; ONNX Resize-19",
    catches="another rule for where pixels lie, swapped axes, an output of one pixel, edges that are extrapolated",
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
        {**_CONFIG, "align_corners": True},
        {**_CONFIG, "batch": 1, "size": [6, 5], "out_size": [4, 3]},
        {**_CONFIG, "batch": 1, "size": [4, 3], "out_size": [1, 6], "align_corners": True},
    ),
)
