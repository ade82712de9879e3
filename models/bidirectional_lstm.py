"""LSTM over a sequence from both ends, the two results joined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

SUFFIXES = ("", "_reverse")


def configs() -> st.SearchStrategy[Config]:
    return st.configs(time=st.sizes(5), features=st.sizes(4), hidden=st.sizes(4), bias=st.booleans())


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["time"], config["features"]))
    return Signature(inputs=(x,), outputs=("y", "h"))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["time"], config["features"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    arrays, gates = {}, 4 * config["hidden"]
    for suffix in SUFFIXES:
        for source, fan_in in (("ih", config["features"]), ("hh", config["hidden"])):
            arrays[f"weight_{source}_l0{suffix}"] = rng.standard_normal((gates, fan_in)) / math.sqrt(fan_in)
            if config["bias"]:
                arrays[f"bias_{source}_l0{suffix}"] = rng.standard_normal(gates) / 2
    return arrays


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Hidden states of an LSTM from the first step on beside those of one from the last step on.

    x: (batch, time, features). weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 as in torch.nn.LSTM, gates in the
    order input, forget, cell, output; with "_reverse" those from the last step on. Both start from zeros.
    Returns {"y": (batch, time, 2 * hidden), both states after having seen that step; "h": (batch, 2 * hidden), both
    final states, of which the second is that after the first step}.
    Source: Graves and Schmidhuber, Framewise Phoneme Classification with Bidirectional LSTM (2005), section 2.
    """
    x, sequences, states = inputs["x"], [], []
    for suffix in SUFFIXES:
        bias = weights.get(f"bias_ih_l0{suffix}", 0.0) + weights.get(f"bias_hh_l0{suffix}", 0.0)
        projected = x @ weights[f"weight_ih_l0{suffix}"].T + bias
        h = c = np.zeros((len(x), config["hidden"]))
        steps = {}
        order = range(config["time"])
        for step in reversed(order) if suffix else order:
            into, forget, cell, out = np.split(projected[:, step] + h @ weights[f"weight_hh_l0{suffix}"].T, 4, axis=1)
            c = _logistic(forget) * c + _logistic(into) * np.tanh(cell)
            h = _logistic(out) * np.tanh(c)
            steps[step] = h
        sequences.append(np.stack([steps[step] for step in order], axis=1))
        states.append(h)
    return {"y": np.concatenate(sequences, axis=-1), "h": np.concatenate(states, axis=-1)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    class BidirectionalLstm(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(
                config["features"],
                config["hidden"],
                bias=config["bias"],
                batch_first=True,
                bidirectional=True,
                dtype=getattr(torch, config["dtype"]),
            )
            self.lstm.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            y, (h, _) = self.lstm(x)
            return y, torch.cat((h[0], h[1]), dim=-1)

    return BidirectionalLstm()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    lstm = keras.layers.LSTM(
        config["hidden"],
        use_bias=config["bias"],
        return_sequences=True,
        return_state=True,
        recurrent_initializer="zeros",  # the default one has no kernel for bfloat16
        dtype=config["dtype"],
    )
    both = keras.layers.Bidirectional(lstm, dtype=config["dtype"])
    both.build((None, config["time"], config["features"]))
    for suffix, layer in zip(SUFFIXES, (both.forward_layer, both.backward_layer), strict=True):
        kernels = [weights[f"weight_{source}_l0{suffix}"].T for source in ("ih", "hh")]
        bias = [weights[f"bias_ih_l0{suffix}"] + weights[f"bias_hh_l0{suffix}"]] if config["bias"] else []
        layer.set_weights([*kernels, *bias])

    class BidirectionalLstm(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.both = both

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            y, forward, _, backward, _ = self.both(x)
            return {"y": y, "h": tf.concat([forward, backward], axis=-1)}

    return BidirectionalLstm()


SMALL: Config = {"batch": 2, "dtype": "float32", "time": 3, "features": 4, "hidden": 3}

LAYER = LayerSpec(
    name="bidirectional_lstm",
    source="Graves and Schmidhuber, Framewise Phoneme Classification with Bidirectional LSTM (2005), section 2",
    catches="the second direction not turned round, its last step taken for its final state, directions swapped",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=({**SMALL, "bias": True}, {**SMALL, "bias": False, "time": 2, "hidden": 2}),
)
