"""Resizing an image by cubic interpolation along height and width."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec, Unsupported
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; PyTorch has the coefficient -0.5 only where it filters, too, which enlarging does not notice."""
    coefficient = draw(st.sampled_from([-0.75, -0.75, -0.5]))
    size = draw(st.shapes(ranks=(2, 2), largest=5))
    out_size = [draw(st.sizes(6, smallest=each if coefficient == -0.5 else 1)) for each in size]
    return draw(
        st.configs(
            channels=st.sizes(3),
            size=st.just(size),
            out_size=st.just(out_size),
            coefficient=st.just(coefficient),
            align_corners=st.booleans() if coefficient == -0.75 else st.just(False),
        )
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


def _shares(config: Config, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the four pixels of the input for each of the output, clipped to the image, and their weights."""
    size, out_size, a = config["size"][axis], config["out_size"][axis], config["coefficient"]
    index = np.arange(out_size)
    if config["align_corners"]:
        places = index * (size - 1) / max(1, out_size - 1)
    else:
        places = (index + 0.5) * size / out_size - 0.5
    pixels = np.floor(places).astype(int)[:, None] + np.arange(-1, 3)
    far = np.abs(places[:, None] - pixels)
    near = ((a + 2) * far - (a + 3)) * far**2 + 1
    shares = np.where(far <= 1, near, ((a * far - 5 * a) * far + 8 * a) * far - 4 * a)
    if a == -0.5:
        shares = np.where((pixels >= 0) & (pixels < size), shares, 0)
        shares /= shares.sum(axis=1, keepdims=True)
    return pixels.clip(0, size - 1), shares


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Four pixels around the place on each axis, weighted by a cubic in their distance.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, *out_size)}. A pixel lies at its centre; with
    align_corners the outermost centres of input and output coincide, and an output of one pixel is the first. Beyond
    the edge the image goes on as there if the coefficient is -0.75; if it is -0.5 nothing is there, and the weights of
    the others add up to 1.
    Source: Keys, Cubic convolution interpolation for digital image processing, equation 4, for -0.5; ONNX operator
    Resize, opset 19: cubic_coeff_a, and exclude_outside for -0.5.
    """
    y = inputs["x"]
    for axis in range(2):
        pixels, shares = _shares(config, axis)
        taken = np.take(y, pixels, axis + 2)
        y = np.einsum("bcok...,ok->bco..." if axis == 0 else "bchok,ok->bcho", taken, shares)
    return {"y": y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The magnitudes of the pixels around the place: weights are near 0 or cancel, and are rounded as if near 1."""
    y = np.abs(inputs["x"])
    for axis in range(2):
        y = np.take(y, _shares(config, axis)[0], axis + 2).sum(axis=axis + 3)
    return {"y": y}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class ResizeBicubic(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.nn.functional.interpolate(
                x,
                config["out_size"],
                mode="bicubic",
                align_corners=config["align_corners"],
                # Filtered, and so when enlarging as well, PyTorch's coefficient is -0.5; else it is -0.75.
                antialias=config["coefficient"] == -0.5,
            )

    return ResizeBicubic()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    if config["coefficient"] == -0.75 and not config["align_corners"]:
        raise Unsupported("tf.image.resize: bicubic has the coefficient -0.5 where pixels lie at their centres")

    class ResizeBicubic(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            y = tf.transpose(x, [0, 2, 3, 1])
            if config["align_corners"]:
                # The way of TensorFlow 1, whose coefficient is -0.75.
                y = tf.compat.v1.image.resize_bicubic(y, config["out_size"], align_corners=True)
            else:
                y = tf.image.resize(y, config["out_size"], "bicubic")
            # TensorFlow interpolates in float32 whatever it is given.
            return {"y": tf.cast(tf.transpose(y, [0, 3, 1, 2]), x.dtype)}

    return ResizeBicubic()


_CONFIG = {
    "batch": 2,
    "dtype": "float32",
    "channels": 2,
    "size": [3, 4],
    "out_size": [6, 5],
    "coefficient": -0.75,
    "align_corners": True,
}

LAYER = LayerSpec(
    name="resize_bicubic",
    source="Keys, Cubic convolution interpolation for digital image processing (1981), equation 4; ONNX Resize-19",
    catches="the coefficient -0.5 for -0.75 or the other way round, another rule for edges or for where pixels lie",
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
        {**_CONFIG, "coefficient": -0.75, "align_corners": False},
        {**_CONFIG, "coefficient": -0.5, "align_corners": False},
    ),
)
