"""Elman's recurrent network over a sequence, one direction, one or two layers, by tanh or ReLU."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

NONLINEARITIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0.0)}


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; an initial state is given to a single layer only, so that it has one shape: (batch, hidden)."""
    layers = draw(st.integers(1, 2))
    return draw(
        st.configs(
            nonlinearity=st.sampled_from(list(NONLINEARITIES)),
            time=st.sizes(5),
            features=st.sizes(5),
            hidden=st.sizes(5),
            layers=st.just(layers),
            initial_state=st.booleans() if layers == 1 else st.just(False),
            bias=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["time"], config["features"]))
    h0 = TensorSpec("h0", config["dtype"], ("batch", config["hidden"]))
    return Signature(inputs=(x, h0) if config["initial_state"] else (x,), outputs=("y", "h"))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(**{
        spec.name: st.tensors(spec.sized({"batch": config["batch"]}), spec.dtype) for spec in signature(config).inputs
    })


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    arrays, hidden = {}, config["hidden"]
    for layer in range(config["layers"]):
        for source, fan_in in (("ih", hidden if layer else config["features"]), ("hh", hidden)):
            arrays[f"weight_{source}_l{layer}"] = rng.standard_normal((hidden, fan_in)) / math.sqrt(fan_in)
            if config["bias"]:
                arrays[f"bias_{source}_l{layer}"] = rng.standard_normal(hidden) / 2
    return arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Hidden states of the top layer at every step, and its hidden state after the last.

    x: (batch, time, features). h0, if the config has it, else zeros: (batch, hidden).
    weight_ih_l<n>: (hidden, features, or hidden above the first layer). weight_hh_l<n>: (hidden, hidden).
    bias_ih_l<n>, bias_hh_l<n>: (hidden,). ReLU of NaN is NaN.
    Returns {"y": (batch, time, hidden), "h": (batch, hidden)}.
    Source: Elman, Finding Structure in Time (1990), figure 2; PyTorch's torch.nn.RNN, whose state is what comes out of
    the nonlinearity.
    """
    apply, y = NONLINEARITIES[config["nonlinearity"]], inputs["x"]
    zeros = np.zeros((len(y), config["hidden"]))
    for layer in range(config["layers"]):
        bias = weights.get(f"bias_ih_l{layer}", 0.0) + weights.get(f"bias_hh_l{layer}", 0.0)
        projected = y @ weights[f"weight_ih_l{layer}"].T + bias
        h, steps = inputs.get("h0", zeros), []
        for step in range(config["time"]):
            h = apply(projected[:, step] + h @ weights[f"weight_hh_l{layer}"].T)
            steps.append(h)
        y = np.stack(steps, axis=1)
    return {"y": y, "h": h}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    class Rnn(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = torch.nn.RNN(
                config["features"],
                config["hidden"],
                num_layers=config["layers"],
                nonlinearity=config["nonlinearity"],
                bias=config["bias"],
                batch_first=True,
                dtype=getattr(torch, config["dtype"]),
            )
            self.rnn.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})

        def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
            y, h = self.rnn(x) if h0 is None else self.rnn(x, h0.unsqueeze(0))
            return y, h[-1]

    return Rnn()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    class Rnn(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = []
            for layer in range(config["layers"]):
                rnn = keras.layers.SimpleRNN(
                    config["hidden"],
                    activation=config["nonlinearity"],
                    use_bias=config["bias"],
                    return_sequences=True,
                    return_state=True,
                    recurrent_initializer="zeros",  # the default one has no kernel for bfloat16
                    dtype=config["dtype"],
                )
                rnn.build((None, config["time"], config["hidden"] if layer else config["features"]))
                kernels = [weights[f"weight_{source}_l{layer}"].T for source in ("ih", "hh")]
                bias = [weights[f"bias_ih_l{layer}"] + weights[f"bias_hh_l{layer}"]] if config["bias"] else []
                rnn.set_weights([*kernels, *bias])
                self.layers.append(rnn)

        def __call__(self, x: Tensor, h0: Tensor | None = None) -> dict[str, Tensor]:
            for rnn in self.layers:
                x, h = rnn(x, initial_state=h0)
            return {"y": x, "h": h}

    return Rnn()


SMALL: Config = {"batch": 2, "dtype": "float32", "time": 3, "features": 4, "hidden": 5, "layers": 1}

LAYER = LayerSpec(
    name="rnn",
    source="Elman, Finding Structure in Time (1990), figure 2",
    catches="ReLU taken for the default tanh, one of two biases lost, the state of the wrong layer or of another step",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, relations.past_alone(inputs=("x",), outputs=("y",))),
    examples=(
        {**SMALL, "nonlinearity": "tanh", "initial_state": False, "bias": True},
        {**SMALL, "nonlinearity": "relu", "initial_state": True, "bias": False, "batch": 3, "hidden": 4},
        {**SMALL, "nonlinearity": "relu", "initial_state": False, "bias": True, "layers": 2, "time": 2},
    ),
)
