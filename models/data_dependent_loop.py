"""Damping that is repeated as often as the data says, with both ways of writing the loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

WRITINGS = ("python", "operator")
STOPS = ("count", "small")


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        writing=st.sampled_from(WRITINGS),
        stop=st.sampled_from(STOPS),
        most=st.integers(1, 5),
        length=st.sizes(3),
        width=st.sizes(4),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["width"]))
    steps = TensorSpec("steps", "int32", ())
    return Signature(inputs=(x, steps) if config["stop"] == "count" else (x,), outputs=("y", "taken"))


@st.composite
def _above(draw: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Draw anything, or magnitudes that are 1 after some halvings: a tie, where one more would be one too many."""
    x: np.ndarray = draw(st.tensors(shape, dtype))
    if x.size and draw(st.booleans()):
        x = np.minimum(np.maximum(x, x.dtype.type(-1)), x.dtype.type(1))
        x.flat[draw(st.integers(0, x.size - 1))] = 2.0 ** draw(st.integers(0, 6))
    return x


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    x = _above((config["batch"], config["length"], config["width"]), config["dtype"])
    if config["stop"] == "small":
        return st.named(x=x)
    # Counts beyond `most` and below zero are what the loop's bounds are for.
    return st.named(x=x, steps=st.integers(-1, config["most"] + 2).map(lambda steps: np.array(steps, np.int32)))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw powers of two, so that no product is rounded and every implementation stops after the same step."""
    return {"decay": rng.choice([0.25, 0.5], config["width"])}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """X times decay, over and over, and how often.

    x: (batch, length, width). decay: (width,). "count": `steps` times, a scalar. "small": while the magnitude of some
    entry is above 1, which that of a NaN is not. Never more than config["most"] times.
    Returns {"y": (batch, length, width), "taken": (), int32}.
    Source: ONNX operator Loop, opset 13: the condition is asked before every step, the first included.
    """
    y, taken = inputs["x"], 0
    with np.errstate(invalid="ignore"):
        while taken < config["most"] and (
            taken < inputs["steps"] if config["stop"] == "count" else (np.abs(y) > 1).any()
        ):
            y, taken = y * weights["decay"], taken + 1
    return {"y": y, "taken": np.array(taken, np.int32)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    most = config["most"]

    class Damped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decay = torch.nn.Parameter(torch.tensor(weights["decay"]))

        def damp(self, y: Tensor, taken: Tensor) -> tuple[Tensor, Tensor]:
            return y * self.decay, taken + 1

    class PythonCount(Damped):
        def forward(self, x: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
            taken = torch.zeros((), dtype=torch.int32)
            for _ in range(min(int(steps), most)):
                x, taken = self.damp(x, taken)
            return x, taken

    class PythonSmall(Damped):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            taken = torch.zeros((), dtype=torch.int32)
            while taken < most and (x.abs() > 1).any():
                x, taken = self.damp(x, taken)
            return x, taken

    class OperatorCount(Damped):
        def forward(self, x: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
            def more(y: Tensor, taken: Tensor) -> Tensor:
                return (taken < steps) & (taken < most)

            return torch.while_loop(more, self.damp, (x, torch.zeros((), dtype=torch.int32)))

    class OperatorSmall(Damped):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            def more(y: Tensor, taken: Tensor) -> Tensor:
                return (y.abs() > 1).any() & (taken < most)

            return torch.while_loop(more, self.damp, (x, torch.zeros((), dtype=torch.int32)))

    modules = {
        ("python", "count"): PythonCount,
        ("python", "small"): PythonSmall,
        ("operator", "count"): OperatorCount,
        ("operator", "small"): OperatorSmall,
    }
    return modules[config["writing"], config["stop"]]()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    most = config["most"]

    class Damped(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decay = tf.Variable(weights["decay"], trainable=False)

        def damp(self, y: Tensor, taken: Tensor) -> tuple[Tensor, Tensor]:
            return y * self.decay, taken + 1

    class PythonCount(Damped):
        def __call__(self, x: Tensor, steps: Tensor) -> dict[str, Tensor]:
            taken = tf.constant(0)
            for _ in tf.range(tf.clip_by_value(steps, 0, most)):
                x, taken = self.damp(x, taken)
            return {"y": x, "taken": taken}

    class PythonSmall(Damped):
        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            taken = tf.constant(0)
            while taken < most and tf.reduce_any(tf.abs(x) > 1):
                x, taken = self.damp(x, taken)
            return {"y": x, "taken": taken}

    class OperatorCount(Damped):
        def __call__(self, x: Tensor, steps: Tensor) -> dict[str, Tensor]:
            y, taken = tf.while_loop(lambda _, taken: taken < tf.minimum(steps, most), self.damp, (x, tf.constant(0)))
            return {"y": y, "taken": taken}

    class OperatorSmall(Damped):
        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            def more(y: Tensor, taken: Tensor) -> Tensor:
                return tf.logical_and(tf.reduce_any(tf.abs(y) > 1), taken < most)

            y, taken = tf.while_loop(more, self.damp, (x, tf.constant(0)))
            return {"y": y, "taken": taken}

    modules = {
        ("python", "count"): PythonCount,
        ("python", "small"): PythonSmall,
        ("operator", "count"): OperatorCount,
        ("operator", "small"): OperatorSmall,
    }
    return modules[config["writing"], config["stop"]]()


def _backwards(config: Config, arrays: Arrays) -> Arrays:
    return {name: np.flip(array, 0) if array.ndim else array for name, array in arrays.items()}


ROWS_BACKWARDS = relations.Relation(
    "rows in any order",
    "rows in the opposite order take as many steps and give the outputs in the opposite order",
    change=lambda config, inputs, rng: _backwards(config, inputs),
    kept=_backwards,
)

SMALL: Config = {"batch": 2, "dtype": "float32", "length": 2, "width": 3, "most": 4}

LAYER = LayerSpec(
    name="data_dependent_loop",
    source="Graves, Adaptive Computation Time for Recurrent Neural Networks (2016), section 2; ONNX Loop-13",
    catches="a loop unrolled as often as for the example, one step too many or too few, no step at all",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(ROWS_BACKWARDS,),
    examples=(
        {**SMALL, "writing": "python", "stop": "count"},
        {**SMALL, "writing": "python", "stop": "small"},
        {**SMALL, "writing": "operator", "stop": "count"},
        {**SMALL, "writing": "operator", "stop": "small", "most": 1},
    ),
)
