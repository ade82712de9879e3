"""One to three linear layers with an activation between them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        inner=st.shapes(ranks=(0, 2), largest=4),
        widths=st.shapes(ranks=(2, 4), largest=8),
        activation=st.sampled_from(["relu", "gelu_tanh", "tanh", "silu"]),
        activate_last=st.booleans(),
        bias=st.booleans(),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"], config["widths"][0]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"], config["widths"][0]), config["dtype"]))


def _fans(config: Config) -> list[tuple[int, int]]:
    """Return (inputs, outputs) of every linear layer in order."""
    return list(zip(config["widths"][:-1], config["widths"][1:], strict=True))


def _activated(config: Config, layer: int) -> bool:
    return config["activate_last"] or layer < len(_fans(config)) - 1


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    arrays = {}
    for layer, (fan_in, fan_out) in enumerate(_fans(config)):
        arrays[f"weight{layer}"] = rng.standard_normal((fan_out, fan_in)) / math.sqrt(fan_in)
        if config["bias"]:
            arrays[f"bias{layer}"] = rng.standard_normal(fan_out)
    return arrays


def _activation(name: str, x: np.ndarray) -> np.ndarray:
    if name == "relu":
        return np.maximum(x, 0)
    if name == "tanh":
        return np.tanh(x)
    gate = x if name == "silu" else 2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x / (1 + np.exp(-gate))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Linear layers one after another, the activation after each but the last, and after that if `activate_last`.

    x: (batch, *inner, widths[0]). weight<n>: (widths[n + 1], widths[n]). bias<n>: (widths[n + 1],).
    Returns {"y": (batch, *inner, widths[-1])}. silu and gelu_tanh of -inf are NaN, as -inf * 0 is.
    Source: ONNX operators Gemm, opset 13, and Gelu, opset 20; silu in Hendrycks and Gimpel (2016), section 2.
    """
    y = inputs["x"]
    for layer in range(len(_fans(config))):
        y = y @ weights[f"weight{layer}"].T + weights.get(f"bias{layer}", 0.0)
        if _activated(config, layer):
            y = _activation(config["activation"], y)
    return {"y": y}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    activations = {
        "relu": torch.nn.ReLU(),
        "gelu_tanh": torch.nn.GELU(approximate="tanh"),
        "tanh": torch.nn.Tanh(),
        "silu": torch.nn.SiLU(),
    }
    modules: list[torch.nn.Module] = []
    for layer, (fan_in, fan_out) in enumerate(_fans(config)):
        linear = torch.nn.Linear(fan_in, fan_out, bias=config["bias"], dtype=getattr(torch, config["dtype"]))
        names = ("weight", "bias") if config["bias"] else ("weight",)
        linear.load_state_dict({name: torch.tensor(weights[f"{name}{layer}"]) for name in names})
        modules.append(linear)
        if _activated(config, layer):
            modules.append(activations[config["activation"]])
    return torch.nn.Sequential(*modules)


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    def gelu_tanh(x: Any) -> Any:
        return keras.activations.gelu(x, approximate=True)

    activation = gelu_tanh if config["activation"] == "gelu_tanh" else config["activation"]

    class Mlp(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = []
            for layer, (fan_in, fan_out) in enumerate(_fans(config)):
                dense = keras.layers.Dense(
                    fan_out,
                    activation=activation if _activated(config, layer) else None,
                    use_bias=config["bias"],
                    dtype=config["dtype"],
                )
                dense.build((None, *config["inner"], fan_in))
                bias = [weights[f"bias{layer}"]] if config["bias"] else []
                dense.set_weights([weights[f"weight{layer}"].T, *bias])
                self.layers.append(dense)

        def __call__(self, x: Any) -> dict[str, Any]:
            for layer in self.layers:
                x = layer(x)
            return {"y": x}

    return Mlp()


LAYER = LayerSpec(
    name="mlp",
    source="Rumelhart, Hinton and Williams, Learning representations by back-propagating errors (1986); ONNX Gemm-13",
    catches="transposed weights, lost biases, an activation fused into the wrong layer, inputs of rank 3 and more",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [],
            "widths": [3, 5, 2],
            "activation": "relu",
            "activate_last": False,
            "bias": True,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [3],
            "widths": [4, 3, 6],
            "activation": "gelu_tanh",
            "activate_last": False,
            "bias": True,
        },
        {
            "batch": 3,
            "dtype": "float32",
            "inner": [],
            "widths": [4, 3],
            "activation": "tanh",
            "activate_last": True,
            "bias": False,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "inner": [2, 3],
            "widths": [2, 4, 3, 5],
            "activation": "silu",
            "activate_last": True,
            "bias": False,
        },
    ),
)
