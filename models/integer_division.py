"""Division with a whole quotient, rounded down or towards zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(0, 3), largest=5),
        numbers=st.sampled_from(["int32", "int64", "float"]),
        mode=st.sampled_from(["floor", "trunc"]),
    )


def _numbers(config: Config) -> str:
    return str(config["dtype"] if config["numbers"] == "float" else config["numbers"])


def signature(config: Config) -> Signature:
    x = TensorSpec("x", _numbers(config), ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw dividends of both signs.

    Floats are finite where the quotient is rounded down: Python's // makes NaN of infinity and -1 of -1 / infinity, and
    PyTorch follows it, but TensorFlow rounds the quotient of IEEE 754.
    """
    shape = (config["batch"], *config["inner"])
    if config["numbers"] == "float":
        return {"x": draw(st.tensors(shape, config["dtype"], non_finite=config["mode"] == "trunc"))}
    reach = draw(st.sampled_from([7, 1000, 2**29]))
    return {"x": draw(st.indices(shape, bound=2 * reach + 1, dtype=config["numbers"])) - np.array(reach, np.int32)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw the divisors, none of them 0.

    They are no input, because tracers run a module on zeros, and an integer divided by 0 raises.
    """
    if config["numbers"] != "float":
        return {"divisor": rng.choice([-7, -3, -2, -1, 1, 2, 3, 7], config["inner"]).astype(config["numbers"])}
    return {"divisor": rng.choice([-2.0, -1.0, -0.5, 0.1, 1.0, 3.0, rng.standard_normal()], config["inner"])}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The quotient, rounded down ("floor") or towards zero ("trunc").

    x: (batch, *inner). divisor: inner. Returns {"y": (batch, *inner)}, of the dtype of x.
    Source: Knuth, The Art of Computer Programming, volume 1, section 1.2.4 (floor); ISO C, section 6.5.5 (trunc).
    """
    x, divisor = inputs["x"], weights["divisor"]
    if config["numbers"] == "float":
        return {"y": np.floor(x / divisor) if config["mode"] == "floor" else np.trunc(x / divisor)}
    if config["mode"] == "floor":
        return {"y": np.floor_divide(x, divisor)}
    return {"y": np.abs(x) // np.abs(divisor) * np.sign(x) * np.sign(divisor)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class IntegerDivision(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("divisor", torch.tensor(weights["divisor"]))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.div(x, self.divisor, rounding_mode=config["mode"])

    return IntegerDivision()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    function = tf.math.floordiv if config["mode"] == "floor" else tf.truncatediv

    class IntegerDivision(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.divisor = tf.Variable(weights["divisor"], trainable=False)

        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": function(x, self.divisor)}

    return IntegerDivision()


LAYER = LayerSpec(
    name="integer_division",
    source="Knuth, The Art of Computer Programming, volume 1, section 1.2.4; ISO C, section 6.5.5",
    catches="negative quotients rounded the other way, integers divided as floats or with a remainder forgotten",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "numbers": "int32", "mode": "floor"},
        {"batch": 2, "dtype": "float32", "inner": [5], "numbers": "int32", "mode": "trunc"},
        {"batch": 3, "dtype": "float32", "inner": [2, 3], "numbers": "float", "mode": "floor"},
        {"batch": 2, "dtype": "float32", "inner": [3], "numbers": "int64", "mode": "floor"},
    ),
)
