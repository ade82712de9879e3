"""LSTM over a sequence, one direction, one or two layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; an initial state is given to a single layer only, so that it has one shape: (batch, hidden)."""
    layers = draw(st.integers(1, 2))
    return draw(
        st.configs(
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
    states = [TensorSpec(name, config["dtype"], ("batch", config["hidden"])) for name in ("h0", "c0")]
    return Signature(inputs=(x, *states) if config["initial_state"] else (x,), outputs=("y", "h", "c"))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    arrays = {"x": st.tensors((config["batch"], config["time"], config["features"]), config["dtype"])}
    if config["initial_state"]:
        state = st.tensors((config["batch"], config["hidden"]), config["dtype"])
        arrays |= {"h0": state, "c0": state}
    return st.named(**arrays)


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    arrays = {}
    gates = 4 * config["hidden"]
    for layer in range(config["layers"]):
        for source, fan_in in (("ih", config["hidden"] if layer else config["features"]), ("hh", config["hidden"])):
            arrays[f"weight_{source}_l{layer}"] = rng.standard_normal((gates, fan_in)) / math.sqrt(fan_in)
            if config["bias"]:
                arrays[f"bias_{source}_l{layer}"] = rng.standard_normal(gates) / 2
    return arrays


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Hidden states of the top layer at every step, and its hidden and cell state after the last.

    x: (batch, time, features). h0, c0, if the config has them, else zeros: (batch, hidden).
    weight_ih_l<n>: (4 * hidden, features, or hidden above the first layer). weight_hh_l<n>: (4 * hidden, hidden).
    bias_ih_l<n>, bias_hh_l<n>: (4 * hidden,). Gates in the order input, forget, cell, output.
    Returns {"y": (batch, time, hidden), "h": (batch, hidden), "c": (batch, hidden)}.
    Source: Gers, Schmidhuber and Cummins, Learning to Forget, section 3; PyTorch's torch.nn.LSTM for the gates' order,
    which is not that of the ONNX operator LSTM (input, output, forget, cell).
    """
    y = inputs["x"]
    zeros = np.zeros((len(y), config["hidden"]))
    for layer in range(config["layers"]):
        bias = weights.get(f"bias_ih_l{layer}", 0.0) + weights.get(f"bias_hh_l{layer}", 0.0)
        projected = y @ weights[f"weight_ih_l{layer}"].T + bias
        h, c = inputs.get("h0", zeros), inputs.get("c0", zeros)
        steps = []
        for step in range(config["time"]):
            gates = projected[:, step] + h @ weights[f"weight_hh_l{layer}"].T
            into, forget, cell, out = np.split(gates, 4, axis=1)
            c = _logistic(forget) * c + _logistic(into) * np.tanh(cell)
            h = _logistic(out) * np.tanh(c)
            steps.append(h)
        y = np.stack(steps, axis=1)
    return {"y": y, "h": h, "c": c}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class Lstm(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(
                config["features"],
                config["hidden"],
                num_layers=config["layers"],
                bias=config["bias"],
                batch_first=True,
                dtype=getattr(torch, config["dtype"]),
            )
            self.lstm.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})

        def forward(self, x: Any) -> Any:
            y, (h, c) = self.lstm(x)
            return y, h[-1], c[-1]

    class LstmFromState(Lstm):
        def forward(self, x: Any, h0: Any, c0: Any) -> Any:
            y, (h, c) = self.lstm(x, (h0.unsqueeze(0), c0.unsqueeze(0)))
            return y, h.squeeze(0), c.squeeze(0)

    return LstmFromState() if config["initial_state"] else Lstm()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class Lstm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = []
            for layer in range(config["layers"]):
                lstm = keras.layers.LSTM(
                    config["hidden"],
                    use_bias=config["bias"],
                    return_sequences=True,
                    return_state=True,
                    recurrent_initializer="zeros",  # the default one has no kernel for bfloat16
                    dtype=config["dtype"],
                )
                lstm.build((None, config["time"], config["hidden"] if layer else config["features"]))
                kernels = [weights[f"weight_{source}_l{layer}"].T for source in ("ih", "hh")]
                bias = [weights[f"bias_ih_l{layer}"] + weights[f"bias_hh_l{layer}"]] if config["bias"] else []
                lstm.set_weights([*kernels, *bias])
                self.layers.append(lstm)

        def __call__(self, x: Any) -> dict[str, Any]:
            for lstm in self.layers:
                x, h, c = lstm(x)
            return {"y": x, "h": h, "c": c}

    class LstmFromState(Lstm):
        def __call__(self, x: Any, h0: Any, c0: Any) -> dict[str, Any]:
            y, h, c = self.layers[0](x, initial_state=[h0, c0])
            return {"y": y, "h": h, "c": c}

    return LstmFromState() if config["initial_state"] else Lstm()


LAYER = LayerSpec(
    name="lstm",
    source="Gers, Schmidhuber and Cummins, Learning to Forget: Continual Prediction with LSTM (2000), section 3",
    catches="gates in another framework's order, one of two biases lost, states of the wrong layer, a lost first state",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, relations.past_alone(inputs=("x",), outputs=("y",))),
    examples=(
        {
            "batch": 2,
            "dtype": "float32",
            "time": 3,
            "features": 4,
            "hidden": 5,
            "layers": 1,
            "initial_state": False,
            "bias": True,
        },
        {
            "batch": 3,
            "dtype": "float32",
            "time": 2,
            "features": 3,
            "hidden": 4,
            "layers": 1,
            "initial_state": True,
            "bias": False,
        },
        {
            "batch": 2,
            "dtype": "float32",
            "time": 3,
            "features": 2,
            "hidden": 3,
            "layers": 2,
            "initial_state": False,
            "bias": True,
        },
    ),
)
