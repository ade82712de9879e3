"""The k greatest or least entries of every row, in order, and where they are."""

from __future__ import annotations

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
            inner=st.shapes(ranks=(0, 2), largest=4),
            length=st.just(length),
            k=st.integers(1, length),
            largest=st.booleans(),
            indices=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"], config["length"]))
    return Signature(inputs=(x,), outputs=("values", "indices") if config["indices"] else ("values",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw rows without NaN, and without equal entries where indices are asked for.

    TensorFlow promises the lower index first among equal entries, as ONNX does, but PyTorch leaves it open. Where NaN
    goes is left open by TensorFlow and ONNX.
    """
    shape = (config["batch"], *config["inner"], config["length"])
    x = draw(st.tensors(shape, config["dtype"], extreme=not config["indices"]))
    x = np.where(np.isnan(x), np.inf, x).astype(x.dtype)
    if not config["indices"]:
        return {"x": x}
    ranks = np.argsort(np.argsort(x, axis=-1, kind="stable"), axis=-1)
    return {"x": (ranks - draw(st.sampled_from([0, 2, 2.5]))).astype(x.dtype)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The k greatest entries of every row, the greatest first; or the k least, the least first.

    x: (batch, *inner, length). Returns {"values": (batch, *inner, k)} and, if asked for, {"indices": int32 likewise}.
    Source: ONNX operator TopK, opset 11, with axis -1 and sorted 1.
    """
    x = inputs["x"]
    order = np.argsort(-x if config["largest"] else x, axis=-1, kind="stable")[..., : config["k"]]
    values = {"values": np.take_along_axis(x, order, axis=-1)}
    return {**values, "indices": order.astype(np.int32)} if config["indices"] else values


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class TopK(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
            values, indices = torch.topk(x, config["k"], dim=-1, largest=config["largest"])
            return (values, indices.to(torch.int32)) if config["indices"] else values

    return TopK()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class TopK(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            values, indices = tf.math.top_k(x if config["largest"] else -x, k=config["k"])
            values = values if config["largest"] else -values
            return {"values": values, "indices": indices} if config["indices"] else {"values": values}

    return TopK()


LAYER = LayerSpec(
    name="top_k",
    source="ONNX TopK-11",
    catches="least entries for greatest ones, results out of order, indices of another type or from another axis",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3], "length": 5, "k": 2, "largest": True, "indices": True},
        {"batch": 2, "dtype": "float32", "inner": [], "length": 5, "k": 5, "largest": False, "indices": True},
        {"batch": 3, "dtype": "float32", "inner": [], "length": 4, "k": 3, "largest": True, "indices": False},
    ),
)
