"""Rows of a table picked by integer ids, one of which may stand for padding."""

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
    """Draw a config; ids below zero, which count from the end, go with "index" only, because embeddings refuse them."""
    vocabulary = draw(st.sizes(6))
    lookup = draw(st.sampled_from(["embedding", "padding_row", "padding_zeroed", "index"]))
    return draw(
        st.configs(
            lookup=st.just(lookup),
            vocabulary=st.just(vocabulary),
            embed=st.sizes(5),
            inner=st.shapes(ranks=(0, 2), largest=4),
            padding=st.integers(0, vocabulary - 1),
            ids_dtype=st.sampled_from(["int64", "int32"]),
        )
    )


def signature(config: Config) -> Signature:
    ids = TensorSpec("ids", config["ids_dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(ids,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    vocabulary, shape = config["vocabulary"], (config["batch"], *config["inner"])
    if config["lookup"] != "index":
        return st.named(ids=st.indices(shape, bound=vocabulary, dtype=config["ids_dtype"]))
    both_signs = st.indices(shape, bound=2 * vocabulary, dtype=config["ids_dtype"])
    return st.named(ids=both_signs.map(lambda ids: ids - np.asarray(vocabulary, ids.dtype)))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {"table": rng.standard_normal((config["vocabulary"], config["embed"])) / math.sqrt(config["embed"])}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The row of the table for every id.

    ids: (batch, *inner), each in [0, vocabulary), or in [-vocabulary, vocabulary) for "index", where -1 is the last
    row. table: (vocabulary, embed). "padding_row" has a padding id, but its row is one like the others, as it is when
    trained weights are loaded; "padding_zeroed" gives zeros for the padding id.
    Returns {"y": (batch, *inner, embed)}.
    Source: ONNX operator Gather, opset 13; PyTorch's torch.nn.Embedding, argument padding_idx, for the padding row.
    """
    y = weights["table"][inputs["ids"]]
    if config["lookup"] == "padding_zeroed":
        y = np.where((inputs["ids"] == config["padding"])[..., None], 0.0, y)
    return {"y": y}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    table, padding = torch.tensor(weights["table"]), config["padding"]

    class PaddingZeroed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding.from_pretrained(table, padding_idx=padding)

        def forward(self, ids: Tensor) -> Tensor:
            return self.embedding(ids).masked_fill((ids == padding).unsqueeze(-1), 0.0)

    class Index(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Parameter(table)

        def forward(self, ids: Tensor) -> Tensor:
            return self.table[ids]

    if config["lookup"] == "padding_zeroed":
        return PaddingZeroed()
    if config["lookup"] == "index":
        return Index()
    has_padding = config["lookup"] == "padding_row"
    return torch.nn.Embedding.from_pretrained(table, padding_idx=padding if has_padding else None)


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    vocabulary = config["vocabulary"]
    embedding = keras.layers.Embedding(vocabulary, config["embed"], dtype=config["dtype"])
    embedding.build()
    embedding.set_weights([weights["table"]])

    class Embedding(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = embedding

        def __call__(self, ids: Tensor) -> dict[str, Tensor]:
            return {"y": self.embedding(ids)}

    class PaddingZeroed(Embedding):
        def __call__(self, ids: Tensor) -> dict[str, Tensor]:
            embedded = self.embedding(ids)
            is_padding = tf.expand_dims(tf.equal(ids, config["padding"]), axis=-1)
            return {"y": tf.where(is_padding, tf.zeros_like(embedded), embedded)}

    # tf.gather takes no ids below zero.
    class Index(Embedding):
        def __call__(self, ids: Tensor) -> dict[str, Tensor]:
            return {"y": tf.gather(self.embedding.embeddings, tf.where(ids < 0, ids + vocabulary, ids))}

    return {"padding_zeroed": PaddingZeroed, "index": Index}.get(config["lookup"], Embedding)()


SMALL: Config = {"batch": 3, "dtype": "float32", "vocabulary": 5, "embed": 3, "padding": 0}

LAYER = LayerSpec(
    name="embedding_lookup",
    source="ONNX Gather-13; PyTorch, torch.nn.Embedding",
    catches="a padding row zeroed that is not zero, ids below zero clamped to the first row, ids cast or refused",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "lookup": "padding_row", "inner": [4], "ids_dtype": "int64"},
        {**SMALL, "lookup": "padding_zeroed", "inner": [2, 2], "ids_dtype": "int32", "padding": 4},
        {**SMALL, "lookup": "index", "inner": [4], "ids_dtype": "int32"},
        {**SMALL, "lookup": "embedding", "inner": [], "ids_dtype": "int64"},
    ),
)
