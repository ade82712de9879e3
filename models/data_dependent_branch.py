"""An adapter that a call goes through or around, as the data says, with both ways of writing the choice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import limits
from nnparity.layers import LayerSpec, Signature

WRITINGS = ("python", "operator")
GATES = ("any", "greatest")


def configs() -> st.SearchStrategy[Config]:
    """Draw a config; a threshold below zero sends an example of zeros, which tracers are given, through the adapter."""
    return st.configs(
        writing=st.sampled_from(WRITINGS),
        gate=st.sampled_from(GATES),
        threshold=st.sampled_from([-0.5, 0.0, 1.0]),
        length=st.sizes(3),
        width=st.sizes(4),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["width"]))
    return Signature(inputs=(x,), outputs=("y",))


@st.composite
def _around(draw: Any, shape: tuple[int, ...], dtype: str, threshold: float) -> np.ndarray:
    """Draw anything, or nothing above the threshold, with a tie or not, or one entry that is the next number above it.

    The next above zero is the smallest normal number: a subnormal may be flushed to zero.
    """
    x: np.ndarray = draw(st.tensors(shape, dtype))
    kind = draw(st.sampled_from(["any", "tie", "below", "one above"])) if x.size else "any"
    if kind != "any":
        x = np.minimum(x, x.dtype.type(threshold if kind != "below" else threshold - 1))
    if kind in {"tie", "one above"}:
        edge = x.dtype.type(threshold)
        above = np.nextafter(edge, x.dtype.type(np.inf)) if threshold else limits(x.dtype).smallest_normal
        x.flat[draw(st.integers(0, x.size - 1))] = edge if kind == "tie" else above
    return x


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    shape = (config["batch"], config["length"], config["width"])
    return st.named(x=_around(shape, config["dtype"], config["threshold"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    width = config["width"]
    return {
        "weight": rng.standard_normal((width, width)) / math.sqrt(width),
        "bias": rng.standard_normal(width),
        "gain": rng.uniform(1, 2, width),
    }


def takes_adapter(config: Config, x: np.ndarray) -> bool:
    """Whether the gate opens: some entry is above the threshold; for "greatest", and none is NaN."""
    with np.errstate(invalid="ignore"):
        return bool((x > config["threshold"]).any() if config["gate"] == "any" else x.max() > config["threshold"])


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """X plus a linear layer of x where the gate opens, which it does for the whole call or not at all; else gain * x.

    x: (batch, length, width). weight: (width, width), input by output. bias, gain: (width,). The gate compares with
    config["threshold"], which is below it: every entry ("any"), or the greatest ("greatest"), which is NaN, and so not
    above anything, where one entry is.
    Returns {"y": (batch, length, width)}.
    Source: ONNX operator If, opset 11, of Greater, opset 13, and of ReduceMax, opset 20, for booleans. The greatest of
    numbers with a NaN is NaN, as torch.max and tf.reduce_max have it.
    """
    x = inputs["x"]
    if takes_adapter(config, x):
        # einsum without BLAS: zero times infinity is NaN in every build, whatever the sizes.
        return {"y": x + np.einsum("blw,wv->blv", x, weights["weight"]) + weights["bias"]}
    return {"y": x * weights["gain"]}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Magnitudes of the terms whose sum an entry is."""
    sizes = {name: np.abs(array) for name, array in weights.items()}
    x = np.abs(inputs["x"])
    if takes_adapter(config, inputs["x"]):
        return {"y": x + np.einsum("blw,wv->blv", x, sizes["weight"]) + sizes["bias"]}
    return {"y": x * sizes["gain"]}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    class Gated(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.adapter = torch.nn.Linear(config["width"], config["width"], dtype=getattr(torch, config["dtype"]))
            tensors = {"weight": torch.tensor(weights["weight"].T), "bias": torch.tensor(weights["bias"])}
            self.adapter.load_state_dict(tensors)
            self.gain = torch.nn.Parameter(torch.tensor(weights["gain"]))

        def gate(self, x: Tensor) -> Tensor:
            if config["gate"] == "any":
                return (x > config["threshold"]).any()
            return x.max() > config["threshold"]

        def through(self, x: Tensor) -> Tensor:
            return x + self.adapter(x)

        def around(self, x: Tensor) -> Tensor:
            return x * self.gain

    class PythonIf(Gated):
        def forward(self, x: Tensor) -> Tensor:
            if self.gate(x):
                return self.through(x)
            return self.around(x)

    class Cond(Gated):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cond(self.gate(x), self.through, self.around, (x,))

    return {"python": PythonIf, "operator": Cond}[config["writing"]]()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    class Gated(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.adapter = keras.layers.Dense(config["width"], dtype=config["dtype"])
            self.adapter.build((None, config["length"], config["width"]))
            self.adapter.set_weights([weights["weight"], weights["bias"]])
            self.gain = tf.Variable(weights["gain"], trainable=False)

        def gate(self, x: Tensor) -> Tensor:
            if config["gate"] == "any":
                return tf.reduce_any(x > config["threshold"])
            return tf.reduce_max(x) > config["threshold"]

        def through(self, x: Tensor) -> Tensor:
            return x + self.adapter(x)

        def around(self, x: Tensor) -> Tensor:
            return x * self.gain

    class PythonIf(Gated):
        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            if self.gate(x):
                return {"y": self.through(x)}
            return {"y": self.around(x)}

    class Cond(Gated):
        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            return {"y": tf.cond(self.gate(x), lambda: self.through(x), lambda: self.around(x))}

    return {"python": PythonIf, "operator": Cond}[config["writing"]]()


def _other_first_row(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays | None:
    x = inputs["x"]
    if len(x) < 2:
        return None
    changed = relations.with_values(x, (slice(0, 1),), relations.far_from(x[:1], rng))
    # Where a subnormal opens the gate, the side depends on whether it is flushed to zero.
    flushed = np.where(np.abs(x) < limits(x.dtype).smallest_normal, 0, x)
    return {"x": changed} if len({takes_adapter(config, each) for each in (x, flushed, changed)}) == 1 else None


_other_rows = relations.of_each(lambda array: array[1:])
SAME_SIDE = relations.Relation(
    "rows alone on one side",
    "what is in one row of the batch changes the others through the gate only",
    change=_other_first_row,
    kept=_other_rows,
    again=_other_rows,
    same_numbers=True,
)

SMALL: Config = {"batch": 2, "dtype": "float32", "length": 2, "width": 3}

LAYER = LayerSpec(
    name="data_dependent_branch",
    source="Graves, Adaptive Computation Time for Recurrent Neural Networks (2016), for computing by need; ONNX If-11",
    catches="one branch kept for all data, branches exchanged, >= for > at the threshold, NaN on the wrong side",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(relations.in_any_order(), SAME_SIDE),
    examples=(
        {**SMALL, "writing": "python", "gate": "any", "threshold": 0.0},
        {**SMALL, "writing": "python", "gate": "greatest", "threshold": -0.5},
        {**SMALL, "writing": "operator", "gate": "greatest", "threshold": 1.0},
        {**SMALL, "writing": "operator", "gate": "any", "threshold": -0.5, "width": 1},
    ),
)
