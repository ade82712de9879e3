"""GRU over a sequence, with either place of the reset gate: before or after the product with the recurrent weights."""

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
        reset=st.sampled_from(["after", "before"]),
        time=st.sizes(5),
        features=st.sizes(5),
        hidden=st.sizes(5),
        initial_state=st.booleans(),
        bias=st.booleans(),
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
    gates, arrays = 3 * config["hidden"], {}
    for source, fan_in in (("ih", config["features"]), ("hh", config["hidden"])):
        arrays[f"weight_{source}_l0"] = rng.standard_normal((gates, fan_in)) / math.sqrt(fan_in)
        if config["bias"]:
            arrays[f"bias_{source}_l0"] = rng.standard_normal(gates) / 2
    return arrays


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _steps(config: Config, weights: Arrays, inputs: Arrays) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the hidden state of every step, and the magnitude of the terms whose sum it is."""
    x = inputs["x"]
    h = inputs.get("h0", np.zeros((len(x), config["hidden"])))
    bias_ih, bias_hh = (weights.get(f"bias_{source}_l0", np.zeros(3 * config["hidden"])) for source in ("ih", "hh"))
    projected = x @ weights["weight_ih_l0"].T + bias_ih
    recurrent = np.split(weights["weight_hh_l0"].T, 3, axis=1)
    offsets = np.split(bias_hh, 3)
    states, magnitudes = [], [np.abs(h)]
    for step in range(config["time"]):
        to_reset, to_update, to_new = np.split(projected[:, step], 3, axis=1)
        reset = _logistic(to_reset + h @ recurrent[0] + offsets[0])
        update = _logistic(to_update + h @ recurrent[1] + offsets[1])
        if config["reset"] == "after":
            new = np.tanh(to_new + reset * (h @ recurrent[2] + offsets[2]))
        else:
            new = np.tanh(to_new + (reset * h) @ recurrent[2] + offsets[2])
        h = (1 - update) * new + update * h
        states.append(h)
        magnitudes.append(np.abs(new) + update * magnitudes[-1])
    return states, magnitudes[1:]


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Hidden state at every step, and after the last.

    x: (batch, time, features). h0, if the config has it, else zeros: (batch, hidden).
    weight_ih_l0: (3 * hidden, features). weight_hh_l0: (3 * hidden, hidden). Biases: (3 * hidden,).
    Gates in the order reset, update, new. The new gate sees reset * (weight_hh h + bias_hh) for "after", and
    weight_hh (reset * h) + bias_hh for "before"; update is the share of the old state.
    Returns {"y": (batch, time, hidden), "h": (batch, hidden)}.
    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder (2014), section 2.3, for "before";
    PyTorch's torch.nn.GRU for "after" and for the gates' order, which is not that of the ONNX operator GRU (update,
    reset, hidden), whose linear_before_reset is "after".
    """
    states, _ = _steps(config, weights, inputs)
    return {"y": np.stack(states, axis=1), "h": states[-1]}


def scale(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The new gate and what is kept: 1 - update has lost its digits where update is near 1."""
    _, magnitudes = _steps(config, weights, inputs)
    return {"y": np.stack(magnitudes, axis=1), "h": magnitudes[-1]}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    features, hidden, bias = config["features"], config["hidden"], config["bias"]
    dtype = getattr(torch, config["dtype"])
    state = {name: torch.tensor(array) for name, array in weights.items()}

    class ResetAfter(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = torch.nn.GRU(features, hidden, bias=bias, batch_first=True, dtype=dtype)
            self.gru.load_state_dict(state)

        def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
            y, h = self.gru(x) if h0 is None else self.gru(x, h0.unsqueeze(0))
            return y, h.squeeze(0)

    # torch.nn.GRU has no such option; a loop over the steps is what is written instead.
    class ResetBefore(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.from_input = torch.nn.Linear(features, 3 * hidden, bias=bias, dtype=dtype)
            self.gates_from_state = torch.nn.Linear(hidden, 2 * hidden, bias=bias, dtype=dtype)
            self.new_from_state = torch.nn.Linear(hidden, hidden, bias=bias, dtype=dtype)
            gates, new = slice(2 * hidden), slice(2 * hidden, None)
            for linear, source, rows in (
                (self.from_input, "ih", slice(None)),
                (self.gates_from_state, "hh", gates),
                (self.new_from_state, "hh", new),
            ):
                names = {"weight": f"weight_{source}_l0", "bias": f"bias_{source}_l0"}
                linear.load_state_dict({name: state[ours][rows] for name, ours in names.items() if ours in state})

        def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
            h = x.new_zeros(x.shape[0], hidden) if h0 is None else h0
            steps = []
            for projected in self.from_input(x).unbind(dim=1):
                gates, new = projected.split((2 * hidden, hidden), dim=-1)
                reset, update = (gates + self.gates_from_state(h)).sigmoid().chunk(2, dim=-1)
                new = (new + self.new_from_state(reset * h)).tanh()
                h = (1 - update) * new + update * h
                steps.append(h)
            return torch.stack(steps, dim=1), h

    return ResetAfter() if config["reset"] == "after" else ResetBefore()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    after = config["reset"] == "after"
    gru = keras.layers.GRU(
        config["hidden"],
        use_bias=config["bias"],
        reset_after=after,
        return_sequences=True,
        return_state=True,
        recurrent_initializer="zeros",  # the default one has no kernel for bfloat16
        dtype=config["dtype"],
    )
    gru.build((None, config["time"], config["features"]))

    def update_first(array: np.ndarray) -> np.ndarray:
        reset, update, new = np.split(array, 3)
        return np.concatenate([update, reset, new])

    kernels = [update_first(weights[f"weight_{source}_l0"]).T for source in ("ih", "hh")]
    biases = [update_first(weights[f"bias_{source}_l0"]) for source in ("ih", "hh") if config["bias"]]
    if biases:
        kernels.append(np.stack(biases) if after else np.sum(biases, axis=0))
    gru.set_weights(kernels)

    class Gru(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = gru

        def __call__(self, x: Tensor, h0: Tensor | None = None) -> dict[str, Tensor]:
            y, h = self.gru(x, initial_state=h0)
            return {"y": y, "h": h}

    return Gru()


SMALL: Config = {"batch": 2, "dtype": "float32", "time": 3, "features": 4, "hidden": 5}

LAYER = LayerSpec(
    name="gru",
    source="Cho et al., Learning Phrase Representations using RNN Encoder-Decoder (2014), section 2.3",
    catches="the reset gate on the other side of the product, its bias outside of it, gates in another order",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    scale=scale,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, relations.past_alone(inputs=("x",), outputs=("y",))),
    examples=(
        {**SMALL, "reset": "after", "initial_state": False, "bias": True},
        {**SMALL, "reset": "before", "initial_state": False, "bias": True},
        {**SMALL, "reset": "after", "initial_state": True, "bias": False, "batch": 3, "time": 2},
        {**SMALL, "reset": "before", "initial_state": True, "bias": False, "batch": 3, "time": 2},
    ),
)
