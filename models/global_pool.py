"""The average or the maximum over height and width."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        channels=st.sizes(5),
        size=st.shapes(ranks=(2, 2), largest=5),
        kind=st.sampled_from(["average", "max"]),
        keep_axes=st.booleans(),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["channels"], *config["size"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["channels"], *config["size"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The mean or the greatest cell of every channel; NaN if one is.

    x: (batch, channels, height, width). Returns {"y": (batch, channels, 1, 1)}, without the last two if keep_axes is
    false.
    Source: ONNX operators GlobalAveragePool and GlobalMaxPool, opset 1, which say nothing about NaN.
    """
    reduce = np.mean if config["kind"] == "average" else np.max
    return {"y": reduce(inputs["x"], axis=(2, 3), keepdims=config["keep_axes"])}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The mean of the magnitudes, which may cancel; a maximum has nothing to cancel."""
    averaged = config["kind"] == "average"
    return reference(config, weights, {"x": np.abs(inputs["x"]) if averaged else inputs["x"]})


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    kinds = {"average": torch.nn.AdaptiveAvgPool2d, "max": torch.nn.AdaptiveMaxPool2d}
    pool = kinds[config["kind"]](1)
    return pool if config["keep_axes"] else torch.nn.Sequential(pool, torch.nn.Flatten())


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    kinds = {"average": keras.layers.GlobalAveragePooling2D, "max": keras.layers.GlobalMaxPooling2D}

    class GlobalPool(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = kinds[config["kind"]](
                data_format="channels_first", keepdims=config["keep_axes"], dtype=config["dtype"]
            )

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.pool(x)}

    return GlobalPool()


_CONFIG = {"batch": 2, "dtype": "float32", "channels": 3, "size": [4, 5], "kind": "average", "keep_axes": True}

LAYER = LayerSpec(
    name="global_pool",
    source="Lin, Chen and Yan, Network in Network (2013), section 3.2; ONNX GlobalAveragePool-1 and GlobalMaxPool-1",
    catches="axes that are kept or dropped, the wrong pair of axes, a maximum that loses NaN",
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
        {**_CONFIG, "kind": "max"},
        {**_CONFIG, "batch": 3, "keep_axes": False},
        {**_CONFIG, "batch": 1, "size": [1, 3], "kind": "max", "keep_axes": False},
    ),
)
