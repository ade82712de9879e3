"""Rows added to, or put in the place of, the rows of a table that indices name."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

# At least as many rows as there are indices, so that they can differ.
MOST_INDICES = 5


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        batch=st.sizes(MOST_INDICES),
        rows=st.sizes(7, smallest=MOST_INDICES),
        inner=st.shapes(ranks=(0, 2), largest=4),
        indices=st.sampled_from(["int32", "int64"]),
        mode=st.sampled_from(["add", "update"]),
    )


def signature(config: Config) -> Signature:
    table = TensorSpec("table", config["dtype"], (config["rows"], *config["inner"]))
    indices = TensorSpec("indices", config["indices"], ("batch",))
    updates = TensorSpec("updates", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(table, indices, updates), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw indices that repeat where rows are added; where they are replaced, which of two stays is left open."""
    rows, batch = config["rows"], config["batch"]
    table = draw(st.tensors((rows, *config["inner"]), config["dtype"]))
    if config["mode"] == "add":
        indices = draw(st.indices([batch], bound=rows, dtype=config["indices"]))
    else:
        indices = np.random.default_rng(draw(st.SEEDS)).permutation(rows)[:batch].astype(config["indices"])
    updates = draw(st.tensors((batch, *config["inner"]), config["dtype"]))
    return {"table": table, "indices": indices, "updates": updates}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The table, to whose rows the updates are added ("add"), every one of an index that repeats, or in it ("update").

    table: (rows, *inner). indices: (batch,). updates: (batch, *inner). Returns {"y": (rows, *inner)}.
    Source: ONNX operator ScatterND, opset 16.
    """
    y = inputs["table"].copy()
    if config["mode"] == "add":
        np.add.at(y, inputs["indices"], inputs["updates"])
    else:
        y[inputs["indices"]] = inputs["updates"]
    return {"y": y}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The same of magnitudes."""
    magnitudes = {name: array if name == "indices" else np.abs(array) for name, array in inputs.items()}
    return reference(config, weights, magnitudes)


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class Scatter(torch.nn.Module):
        def forward(self, table: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
            if config["mode"] == "add":
                return table.index_add(0, indices, updates)
            # index_copy takes int64 only.
            return table.index_copy(0, indices.long(), updates)

    return Scatter()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    scatter = tf.tensor_scatter_nd_add if config["mode"] == "add" else tf.tensor_scatter_nd_update

    class Scatter(tf.Module):
        def __call__(self, table: tf.Tensor, indices: tf.Tensor, updates: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": scatter(table, indices[:, tf.newaxis], updates)}

    return Scatter()


def _rows_replaced(inputs: Arrays) -> tuple[str, np.ndarray]:
    table = inputs["table"]
    written = np.isin(np.arange(len(table)), inputs["indices"])
    return "table", np.broadcast_to(written.reshape(-1, *[1] * (table.ndim - 1)), table.shape)


def _other_first_row(config: Config, given: Arrays, rng: np.random.Generator) -> Arrays:
    """Return the inputs with another first row of the table, and other updates of it."""
    first = (given["indices"] == 0).reshape(-1, *[1] * (given["updates"].ndim - 1))
    table = relations.with_values(given["table"], (slice(0, 1),), relations.far_from(given["table"][:1], rng))
    updates = np.where(first, relations.far_from(given["updates"], rng), given["updates"])
    return {**given, "table": table, "updates": updates}


_other_rows = relations.of_each(lambda array: array[1:])
FIRST_ROW_ALONE = relations.Relation(
    "first row alone",
    "what a row of the table is, and what comes to it, changes no other row",
    change=_other_first_row,
    kept=_other_rows,
    again=_other_rows,
    same_numbers=True,
)
_mirrored = relations.of_each(lambda array: np.flip(array, 0))


LAYER = LayerSpec(
    name="scatter",
    source="ONNX ScatterND-16, with reduction add and none",
    catches="one update lost where an index repeats, rows replaced instead of added to, indices of another type",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(
        relations.turned(
            "updates in any order",
            "updates are added, or have rows of their own",
            lambda _: {"indices": 0, "updates": 0},
        ),
        relations.renumbered(table="table", indices="indices", axis=lambda _: 0, kept=_mirrored),
        *relations.where(
            lambda config: bool(config["mode"] == "update"),
            relations.unread("rows replaced", "a row that another replaces is not read", _rows_replaced),
        ),
        FIRST_ROW_ALONE,
    ),
    examples=(
        {"batch": 4, "dtype": "float32", "rows": 5, "inner": [3], "indices": "int32", "mode": "add"},
        {"batch": 3, "dtype": "float32", "rows": 5, "inner": [2], "indices": "int32", "mode": "update"},
        {"batch": 4, "dtype": "float32", "rows": 5, "inner": [], "indices": "int64", "mode": "add"},
    ),
)
