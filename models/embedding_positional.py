"""Token embedding plus positional encoding, the first layer of a transformer."""

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
    length = draw(st.sizes(7))
    return draw(
        st.configs(
            ids_dtype=st.sampled_from(["int64", "int32"]),
            positions=st.sampled_from(["sinusoidal", "learned"]),
            scaled=st.booleans(),
            vocabulary=st.sizes(12),
            # Sines and cosines come in pairs.
            embed=st.sizes(8).map(lambda pairs: 2 * pairs),
            length=st.just(length),
            max_length=st.integers(length, length + 3),
        )
    )


def signature(config: Config) -> Signature:
    ids = TensorSpec("ids", config["ids_dtype"], ("batch", config["length"]))
    return Signature(inputs=(ids,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["length"])
    return st.named(ids=st.indices(shape, bound=config["vocabulary"], dtype=config["ids_dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    embed = config["embed"]
    tokens = {"tokens": rng.standard_normal((config["vocabulary"], embed)) / math.sqrt(embed)}
    if config["positions"] == "sinusoidal":
        return tokens
    return {**tokens, "positions": rng.standard_normal((config["max_length"], embed)) / math.sqrt(embed)}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The row of the token table for every id, times sqrt(embed) where config["scaled"], plus that of its position.

    ids: (batch, length), each in [0, vocabulary). tokens: (vocabulary, embed). positions: (max_length, embed), learned;
    sinusoidal ones are sin(p / 10000^(2i / embed)) in column 2i and the cosine in column 2i + 1.
    Returns {"y": (batch, length, embed)}.
    Source: Vaswani et al., Attention Is All You Need (2017), sections 3.4 and 3.5; learned positions: Gehring et al.,
    Convolutional Sequence to Sequence Learning (2017), section 3.1.
    """
    embedded = weights["tokens"][inputs["ids"]]
    length, embed = embedded.shape[1:]
    if config["scaled"]:
        embedded = embedded * math.sqrt(embed)
    if config["positions"] == "learned":
        return {"y": embedded + weights["positions"][:length]}
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, embed, 2) / embed)
    return {"y": embedded + np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, embed)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    max_length, embed, dtype = config["max_length"], config["embed"], getattr(torch, config["dtype"])

    class SinusoidalPositions(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            position = torch.arange(max_length, dtype=torch.float64).unsqueeze(1)
            frequency = torch.exp(torch.arange(0, embed, 2, dtype=torch.float64) * (-math.log(10000.0) / embed))
            table = torch.zeros(max_length, embed, dtype=dtype)
            table[:, 0::2] = torch.sin(position * frequency)
            table[:, 1::2] = torch.cos(position * frequency)
            self.register_buffer("table", table)

        def forward(self, ids: Tensor) -> Tensor:
            return self.table[: ids.shape[1]]

    class LearnedPositions(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding.from_pretrained(torch.tensor(weights["positions"]))

        def forward(self, ids: Tensor) -> Tensor:
            return self.table(torch.arange(ids.shape[1], device=ids.device))

    class Embedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = torch.nn.Embedding.from_pretrained(torch.tensor(weights["tokens"]))
            self.positions = LearnedPositions() if config["positions"] == "learned" else SinusoidalPositions()
            self.scale = math.sqrt(embed) if config["scaled"] else 1.0

        def forward(self, ids: Tensor) -> Tensor:
            return self.tokens(ids) * self.scale + self.positions(ids)

    return Embedding()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    max_length, embed, dtype = config["max_length"], config["embed"], config["dtype"]

    def sinusoidal_table() -> Tensor:
        position = tf.range(max_length, dtype=tf.float64)[:, tf.newaxis]
        frequency = 10000.0 ** (-tf.range(0, embed, 2, dtype=tf.float64) / embed)
        pairs = tf.stack([tf.sin(position * frequency), tf.cos(position * frequency)], axis=-1)
        return tf.cast(tf.reshape(pairs, (max_length, embed)), dtype)

    class SinusoidalPositions(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = sinusoidal_table()

        def __call__(self, ids: Tensor) -> Tensor:
            return self.table[: tf.shape(ids)[1]]

    class LearnedPositions(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.keras.layers.Embedding(max_length, embed, dtype=dtype)
            self.table.build()
            self.table.set_weights([weights["positions"]])

        def __call__(self, ids: Tensor) -> Tensor:
            return self.table(tf.range(tf.shape(ids)[1]))

    class Embedding(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = tf.keras.layers.Embedding(config["vocabulary"], embed, dtype=dtype)
            self.tokens.build()
            self.tokens.set_weights([weights["tokens"]])
            self.positions = LearnedPositions() if config["positions"] == "learned" else SinusoidalPositions()
            self.scale = math.sqrt(embed) if config["scaled"] else 1.0

        def __call__(self, ids: Tensor) -> dict[str, Tensor]:
            return {"y": self.tokens(ids) * self.scale + self.positions(ids)}

    return Embedding()


SMALL: Config = {"batch": 2, "dtype": "float32", "vocabulary": 10, "embed": 8, "length": 5, "max_length": 7}

LAYER = LayerSpec(
    name="embedding_positional",
    source="Vaswani et al., Attention Is All You Need (2017), sections 3.4 and 3.5",
    catches="id dtypes that a gather refuses or casts, position tables cut or baked to another length, a lost sqrt(d)",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "ids_dtype": "int64", "positions": "sinusoidal", "scaled": True},
        {**SMALL, "ids_dtype": "int32", "positions": "learned", "scaled": False},
        {**SMALL, "ids_dtype": "int32", "positions": "sinusoidal", "scaled": False, "max_length": 5},
        {
            "batch": 1,
            "dtype": "float32",
            "ids_dtype": "int64",
            "positions": "learned",
            "scaled": True,
            "vocabulary": 1,
            "embed": 2,
            "length": 1,
            "max_length": 1,
        },
    ),
)
