"""Average pooling to a given height and width, by windows of different sizes that may overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec, Unsupported
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        channels=st.sizes(3), size=st.shapes(ranks=(2, 2), largest=6), out_size=st.shapes(ranks=(2, 2), largest=6)
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["channels"], *config["size"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def _spans(size: int, out_size: int) -> list[tuple[int, int]]:
    return [(i * size // out_size, -(-(i + 1) * size // out_size)) for i in range(out_size)]


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The mean of each window: from floor(i * size / out_size) up to ceil((i + 1) * size / out_size) on each axis.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, *out_size)}.
    Source: PyTorch, torch.nn.AdaptiveAvgPool2d.
    """
    rows, columns = (_spans(*sizes) for sizes in zip(config["size"], config["out_size"], strict=True))
    windows = [[inputs["x"][:, :, top:bottom, left:right] for left, right in columns] for top, bottom in rows]
    means = [np.stack([window.mean(axis=(2, 3)) for window in row], axis=-1) for row in windows]
    return {"y": np.stack(means, axis=2)}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The means of the magnitudes, which may cancel."""
    return reference(config, weights, {"x": np.abs(inputs["x"])})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    return torch.nn.AdaptiveAvgPool2d(tuple(config["out_size"]))


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    # Keras 3.15 also pools by a window of one cell more than the smallest, whether a place needs it or not.
    if any(-(-size // out_size) + 1 > size for size, out_size in zip(config["size"], config["out_size"], strict=True)):
        raise Unsupported("keras.layers.AdaptiveAveragePooling2D: has a window that is larger than the input")

    class AdaptiveAvgPool2d(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = keras.layers.AdaptiveAveragePooling2D(
                tuple(config["out_size"]), data_format="channels_first", dtype=config["dtype"]
            )

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.pool(x)}

    return AdaptiveAvgPool2d()


_CONFIG = {"batch": 2, "dtype": "float32", "channels": 2, "size": [6, 4], "out_size": [3, 2]}

LAYER = LayerSpec(
    name="adaptive_avg_pool2d",
    source="PyTorch, torch.nn.AdaptiveAvgPool2d; Keras, AdaptiveAveragePooling2D",
    catches="windows of one size where they differ or overlap, an output larger than the input",
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
        {**_CONFIG, "size": [5, 6], "out_size": [3, 4]},
        {**_CONFIG, "batch": 1, "size": [2, 3], "out_size": [5, 1]},
    ),
)
