"""An image cut into patches that become tokens, the first layer of a vision transformer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        layout=st.sampled_from(["NCHW", "NHWC"]),
        channels=st.sizes(3),
        patch=st.sizes(3),
        rows=st.sizes(3),
        columns=st.sizes(3),
        embed=st.sizes(5),
        class_token=st.booleans(),
    )


def _shape(config: Config) -> tuple[int, int, int]:
    channels, patch = config["channels"], config["patch"]
    height, width = config["rows"] * patch, config["columns"] * patch
    return (channels, height, width) if config["layout"] == "NCHW" else (height, width, channels)


def signature(config: Config) -> Signature:
    return Signature(inputs=(TensorSpec("x", config["dtype"], ("batch", *_shape(config))),), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *_shape(config)), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    channels, patch, embed = config["channels"], config["patch"], config["embed"]
    tokens = config["rows"] * config["columns"] + int(config["class_token"])
    arrays = {
        "weight": rng.standard_normal((embed, channels, patch, patch)) / math.sqrt(channels * patch * patch),
        "bias": rng.standard_normal(embed) / 4,
        "positions": rng.standard_normal((tokens, embed)) / 2,
    }
    return {**arrays, "class_token": rng.standard_normal(embed) / 2} if config["class_token"] else arrays


def _tokens(config: Config, weights: Arrays, inputs: Arrays, *, magnitude: bool) -> Arrays:
    """Return the tokens, or the magnitudes of the terms whose sum each of their elements is."""
    sign = np.abs if magnitude else np.asarray
    x = inputs["x"] if config["layout"] == "NCHW" else inputs["x"].transpose(0, 3, 1, 2)
    patch = config["patch"]
    patches = x.reshape(*x.shape[:2], config["rows"], patch, config["columns"], patch)
    # einsum without BLAS: zero times infinity is NaN in every build, whatever the sizes.
    tokens = np.einsum("bcriwj,ocij->brwo", sign(patches), sign(weights["weight"])) + sign(weights["bias"])
    tokens = tokens.reshape(len(x), config["rows"] * config["columns"], config["embed"])
    if config["class_token"]:
        first = np.broadcast_to(sign(weights["class_token"]), (len(x), 1, config["embed"]))
        tokens = np.concatenate([first, tokens], axis=1)
    return {"y": tokens + sign(weights["positions"])}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """One linear layer over every patch, row by row; a class token before them if the config has it; plus positions.

    x: (batch, channels, rows * patch, columns * patch), channels last if the layout is NHWC.
    weight: (embed, channels, patch, patch). bias, class_token: (embed,). positions: (tokens, embed).
    Returns {"y": (batch, tokens, embed)}, tokens being rows * columns, and one more with a class token.
    Source: Dosovitskiy et al., An Image is Worth 16x16 Words (2021), section 3.1, equation 1.
    """
    return _tokens(config, weights, inputs, magnitude=False)


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The same sums over magnitudes."""
    return _tokens(config, weights, inputs, magnitude=True)


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    tensors = {name: torch.tensor(array) for name, array in weights.items()}

    class PatchEmbedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = torch.nn.Conv2d(
                config["channels"],
                config["embed"],
                config["patch"],
                stride=config["patch"],
                dtype=getattr(torch, config["dtype"]),
            )
            self.project.load_state_dict({name: tensors[name] for name in ("weight", "bias")})
            self.positions = torch.nn.Parameter(tensors["positions"])
            if config["class_token"]:
                self.class_token = torch.nn.Parameter(tensors["class_token"])

        def forward(self, x: Tensor) -> Tensor:
            if config["layout"] == "NHWC":
                x = x.permute(0, 3, 1, 2)
            tokens = self.project(x).flatten(2).transpose(1, 2)
            if config["class_token"]:
                tokens = torch.cat((self.class_token.expand(x.shape[0], 1, -1), tokens), dim=1)
            return tokens + self.positions

    return PatchEmbedding()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    embed, patch = config["embed"], config["patch"]

    class PatchEmbedding(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = keras.layers.Conv2D(embed, patch, strides=patch, dtype=config["dtype"])
            self.project.build((None, config["rows"] * patch, config["columns"] * patch, config["channels"]))
            self.project.set_weights([weights["weight"].transpose(2, 3, 1, 0), weights["bias"]])
            self.positions = tf.Variable(weights["positions"], trainable=False)
            if config["class_token"]:
                self.class_token = tf.Variable(weights["class_token"], trainable=False)

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            if config["layout"] == "NCHW":
                x = tf.transpose(x, [0, 2, 3, 1])
            tokens = tf.reshape(self.project(x), [-1, config["rows"] * config["columns"], embed])
            if config["class_token"]:
                first = tf.broadcast_to(self.class_token, [tf.shape(x)[0], 1, embed])
                tokens = tf.concat([first, tokens], axis=1)
            return {"y": tokens + self.positions}

    return PatchEmbedding()


SMALL: Config = {"batch": 2, "dtype": "float32", "channels": 3, "patch": 2, "rows": 2, "columns": 3, "embed": 4}

LAYER = LayerSpec(
    name="patch_embedding",
    source="Dosovitskiy et al., An Image is Worth 16x16 Words (2021), section 3.1",
    catches="patches in columns instead of rows, channels mixed with places, a class token put last or not expanded",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "layout": "NCHW", "class_token": True},
        {**SMALL, "layout": "NHWC", "class_token": False, "patch": 3},
    ),
)
