"""The feed-forward network of a transformer with a SiLU gate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

PARTS = ("gate", "up", "down")


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(0, 2), largest=4),
        features=st.sizes(5),
        hidden=st.sizes(6),
        bias=st.booleans(),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"], config["features"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"], config["features"]), config["dtype"]))


def _fans(config: Config) -> dict[str, tuple[int, int]]:
    """Return (inputs, outputs) of every linear layer by its name."""
    features, hidden = config["features"], config["hidden"]
    return {"gate": (features, hidden), "up": (features, hidden), "down": (hidden, features)}


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    arrays = {}
    for part, (fan_in, fan_out) in _fans(config).items():
        arrays[f"{part}_weight"] = rng.standard_normal((fan_out, fan_in)) / math.sqrt(fan_in)
        if config["bias"]:
            arrays[f"{part}_bias"] = rng.standard_normal(fan_out)
    return arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """down(silu(gate(x)) * up(x)), each of the three a linear layer.

    x: (batch, *inner, features). gate_weight, up_weight: (hidden, features). down_weight: (features, hidden).
    gate_bias, up_bias: (hidden,). down_bias: (features,). Returns {"y": (batch, *inner, features)}.
    silu of -inf is NaN, as -inf * 0 is.
    Source: Shazeer, GLU Variants Improve Transformer, equation 6, which has no biases.
    """

    def linear(part: str, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.einsum("...i,oi->...o", x, weights[f"{part}_weight"])) + weights.get(f"{part}_bias", 0.0)

    gate, up = linear("gate", inputs["x"]), linear("up", inputs["x"])
    return {"y": linear("down", gate / (1 + np.exp(-gate)) * up)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class SwiGlu(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            dtype = getattr(torch, config["dtype"])
            for part, (fan_in, fan_out) in _fans(config).items():
                setattr(self, part, torch.nn.Linear(fan_in, fan_out, bias=config["bias"], dtype=dtype))
            self.load_state_dict({name.replace("_", "."): torch.tensor(array) for name, array in weights.items()})

        def forward(self, x: Any) -> Any:
            return self.down(torch.nn.functional.silu(self.gate(x)) * self.up(x))

    return SwiGlu()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class SwiGlu(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.up, self.down = (self._dense(part) for part in PARTS)

        def _dense(self, part: str) -> Any:
            fan_in, fan_out = _fans(config)[part]
            activation = "silu" if part == "gate" else None
            dense = keras.layers.Dense(fan_out, activation, use_bias=config["bias"], dtype=config["dtype"])
            dense.build((None, *config["inner"], fan_in))
            bias = [weights[f"{part}_bias"]] if config["bias"] else []
            dense.set_weights([weights[f"{part}_weight"].T, *bias])
            return dense

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.down(self.gate(x) * self.up(x))}

    return SwiGlu()


LAYER = LayerSpec(
    name="swiglu",
    source="Shazeer, GLU Variants Improve Transformer (2020), equation 6",
    catches="gate and value swapped when the two linear layers are fused, an activation lost on the way",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "inner": [3], "features": 4, "hidden": 4, "bias": False},
        {"batch": 3, "dtype": "float32", "inner": [], "features": 3, "hidden": 5, "bias": True},
    ),
)
