"""Conversion between floats, integers and truth values."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import limits
from nnparity.layers import LayerSpec, Signature

NUMBERS = ["float", "int32", "int64", "bool"]
REACH = 2**30


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(0, 3), largest=5), source=st.sampled_from(NUMBERS), target=st.sampled_from(NUMBERS)
    )


def _dtype(config: Config, numbers: str) -> str:
    return str(config["dtype"] if numbers == "float" else numbers)


def signature(config: Config) -> Signature:
    x = TensorSpec("x", _dtype(config, config["source"]), ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw numbers that the target holds.

    What becomes of NaN, infinities and numbers beyond the range of an integer is undefined in C, and so in PyTorch and
    TensorFlow: floats that become integers are finite and at most 2**30, and so are 64-bit integers.
    """
    shape, target = (config["batch"], *config["inner"]), config["target"]
    if config["source"] == "bool":
        return {"x": draw(st.masks(shape))}
    if config["source"] == "float":
        whole = target in {"int32", "int64"}
        x = draw(st.tensors(shape, config["dtype"], extreme=not whole, non_finite=not whole))
        far = min(2**20, 2 ** limits(x.dtype).maxexp // 2048)
        return {"x": x * x.dtype.type(draw(st.sampled_from([9, 1, far])) if whole else 1)}
    reach = draw(st.sampled_from([3, 1000, REACH // 2]))
    return {"x": draw(st.indices(shape, bound=2 * reach + 1, dtype=config["source"])) - np.array(reach, np.int32)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The same number in another type: floats lose their fraction, what is not 0 is true, true is 1.

    x: (batch, *inner). Returns {"y": same shape}. NaN is true; an integer becomes the nearest float.
    Source: ISO C, sections 6.3.1.2 and 6.3.1.4; ONNX operator Cast, opset 13.
    """
    return {"y": inputs["x"].astype("float64" if config["target"] == "float" else config["target"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    dtype = getattr(torch, _dtype(config, config["target"]))

    class Cast(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.to(dtype)

    return Cast()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class Cast(tf.Module):
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.cast(x, _dtype(config, config["target"]))}

    return Cast()


LAYER = LayerSpec(
    name="cast",
    source="ISO C, sections 6.3.1.2 and 6.3.1.4; ONNX Cast-13",
    catches="floats rounded instead of cut, truth of a fraction lost on the way through an integer, narrowed integers",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "source": "float", "target": "int32"},
        {"batch": 2, "dtype": "float32", "inner": [5], "source": "float", "target": "bool"},
        {"batch": 3, "dtype": "float32", "inner": [], "source": "int32", "target": "float"},
        {"batch": 2, "dtype": "float32", "inner": [3], "source": "bool", "target": "float"},
    ),
)
