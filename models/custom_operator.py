"""Firm shrinkage, an operator of our own: no framework has it, so each is given it and must carry it as one node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature
from nnparity.loading import load_file

CUSTOM_OPERATOR = Path(__file__).parents[1] / "converters" / "support" / "custom_operator.py"


@st.composite
def configs(draw: Any) -> Config:
    # Eighths, because ONNX and TensorFlow keep attributes in float32 whatever the element type is.
    lower = draw(st.integers(0, 16)) / 8
    upper = lower + draw(st.integers(1, 16)) / 8
    inner = draw(st.shapes(ranks=(0, 3)))
    return draw(st.configs(inner=st.just(inner), lower=st.just(lower), upper=st.just(upper)))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """0 up to `lower`, x beyond `upper`, and upper (|x| - lower) / (upper - lower) with x's sign in between.

    x: (batch, *inner). Returns {"y": same shape}. NaN stays NaN, which is beyond nothing.
    Source: Gao and Bruce, WaveShrink with firm shrinkage.
    """
    x, lower, upper = inputs["x"], config["lower"], config["upper"]
    size = np.abs(x)
    line = np.sign(x) * upper * (size - lower) / (upper - lower)
    return {"y": np.select([size <= lower, size <= upper], [np.zeros_like(x), line], x)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    load_file(CUSTOM_OPERATOR).register_in_torch()

    class FirmShrink(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return torch.ops.nnparity.firm_shrink(x, config["lower"], config["upper"])

    return FirmShrink()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    firm_shrink = load_file(CUSTOM_OPERATOR).call_in_tensorflow("firm_shrink")

    class FirmShrink(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": firm_shrink(x, lower=config["lower"], upper=config["upper"])}

    return FirmShrink()


LAYER = LayerSpec(
    name="custom_operator",
    source="Gao and Bruce, WaveShrink with firm shrinkage, Statistica Sinica 7 (1997)",
    catches="exporters that lose a custom operator's symbol, domain or attributes, or swap the attributes",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3, 5], "lower": 0.5, "upper": 2.0},
        {"batch": 3, "dtype": "float32", "inner": [], "lower": 0.0, "upper": 0.125},
    ),
)
