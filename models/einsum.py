"""Products of two tensors, summed as an equation says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

# "b" is the batch. Matrices, heads of attention, a bilinear form's left half, an outer and an inner product, all of a
# row by a matrix with its axes the other way round.
EQUATIONS = ["bij,jk->bik", "bhid,bhjd->bhij", "bi,bij->bj", "bi,j->bij", "bi,bi->b", "bij,kj->bki"]


def configs() -> st.SearchStrategy[Config]:
    sizes = {letter: st.sizes(4) for letter in "dhijk"}
    return st.configs(equation=st.sampled_from(EQUATIONS), **sizes)


def _shapes(config: Config) -> tuple[list[int | str], ...]:
    operands = config["equation"].split("->")[0].split(",")
    return tuple(["batch" if letter == "b" else config[letter] for letter in operand] for operand in operands)


def signature(config: Config) -> Signature:
    left, right = _shapes(config)
    specs = (TensorSpec("left", config["dtype"], tuple(left)), TensorSpec("right", config["dtype"], tuple(right)))
    return Signature(inputs=specs, outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    left, right = ([config["batch"] if size == "batch" else int(size) for size in shape] for shape in _shapes(config))
    return st.named(left=st.tensors(left, config["dtype"]), right=st.tensors(right, config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Einstein's sum: over every letter that is in an operand and not in the result.

    left, right: axes as the letters of the equation. Returns {"y": likewise}.
    Source: ONNX operator Einsum, opset 12.
    """
    return {"y": np.einsum(config["equation"], inputs["left"], inputs["right"])}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The same sums of magnitudes."""
    return {"y": np.einsum(config["equation"], np.abs(inputs["left"]), np.abs(inputs["right"]))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class Einsum(torch.nn.Module):
        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return torch.einsum(config["equation"], left, right)

    return Einsum()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    class Einsum(tf.Module):
        def __call__(self, left: tf.Tensor, right: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": tf.einsum(config["equation"], left, right)}

    return Einsum()


def _axes_of(letters: str, terms: Mapping[str, str]) -> relations.Axes:
    return {name: tuple(axis for axis, letter in enumerate(term) if letter in letters) for name, term in terms.items()}


def _summed_axes(config: Config) -> relations.Axes:
    operands, result = config["equation"].split("->")
    left, right = operands.split(",")
    return _axes_of(operands.translate(dict.fromkeys(map(ord, result))), {"left": left, "right": right})


def _kept_axes(config: Config) -> relations.Axes:
    operands, result = config["equation"].split("->")
    left, right = operands.split(",")
    return _axes_of(result, {"left": left, "right": right, "y": result})


SIZES: Config = {"batch": 2, "dtype": "float32", "d": 2, "h": 2, "i": 3, "j": 4, "k": 2}

LAYER = LayerSpec(
    name="einsum",
    source="ONNX Einsum-12; NumPy, numpy.einsum",
    catches="operands transposed the wrong way, letters summed that stay, products without a sum, one size taken for 1",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(
        relations.rows_alone("left"),
        relations.turned("summed in any order", "a sum does not see the order of its terms", _summed_axes),
        relations.turned("kept in any order", "what is not summed is computed place by place", _kept_axes),
    ),
    examples=(
        {**SIZES, "equation": "bij,jk->bik"},
        {**SIZES, "equation": "bhid,bhjd->bhij"},
        {**SIZES, "equation": "bi,bij->bj"},
        {**SIZES, "equation": "bi,j->bij"},
        # A sum of no terms at all.
        {**SIZES, "equation": "bij,jk->bik", "j": 0},
    ),
)
