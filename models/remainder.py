"""The remainder of a division, with the sign of the divisor or of the dividend."""

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
        sign_of=st.sampled_from(["divisor", "dividend"]),
    )


def _numbers(config: Config) -> str:
    return str(config["dtype"] if config["numbers"] == "float" else config["numbers"])


def signature(config: Config) -> Signature:
    x = TensorSpec("x", _numbers(config), ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def inputs(draw: Any, config: Config) -> Arrays:
    """Draw dividends of both signs, many of them multiples of the divisor."""
    shape = (config["batch"], *config["inner"])
    if config["numbers"] == "float":
        return {"x": draw(st.tensors(shape, config["dtype"]))}
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
    """What is left of x after whole divisors: its sign is that of the divisor (a modulus) or of the dividend, x.

    x: (batch, *inner). divisor: inner. Returns {"y": (batch, *inner)}, of the dtype of x. That of an infinity is NaN.
    Source: ONNX operator Mod, opset 13, with fmod 0 ("divisor") and 1 ("dividend").
    """
    function = np.remainder if config["sign_of"] == "divisor" else np.fmod
    return {"y": function(inputs["x"], weights["divisor"])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    function = torch.remainder if config["sign_of"] == "divisor" else torch.fmod

    class Remainder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("divisor", torch.tensor(weights["divisor"]))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return function(x, self.divisor)

    return Remainder()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf

    function = tf.math.floormod if config["sign_of"] == "divisor" else tf.truncatemod

    class Remainder(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.divisor = tf.Variable(weights["divisor"], trainable=False)

        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": function(x, self.divisor)}

    return Remainder()


LAYER = LayerSpec(
    name="remainder",
    source="ONNX Mod-13; Knuth, The Art of Computer Programming, volume 1, section 1.2.4; ISO C, section 7.12.10.1",
    catches="remainders with the sign of the other operand, or that take a quotient which was rounded first",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [5], "numbers": "int32", "sign_of": "divisor"},
        {"batch": 2, "dtype": "float32", "inner": [5], "numbers": "int32", "sign_of": "dividend"},
        {"batch": 3, "dtype": "float32", "inner": [2, 3], "numbers": "float", "sign_of": "divisor"},
        {"batch": 2, "dtype": "float32", "inner": [3], "numbers": "float", "sign_of": "dividend"},
        {"batch": 2, "dtype": "float32", "inner": [3], "numbers": "int64", "sign_of": "divisor"},
    ),
)
