"""Every token sent to the few networks that a gate chooses for it, and what they give weighted by the gate."""

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
    experts = draw(st.sizes(4))
    return draw(
        st.configs(
            experts=st.just(experts),
            chosen=st.integers(1, experts),
            length=st.sizes(4),
            width=st.sizes(4),
            hidden=st.sizes(4),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["width"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["length"], config["width"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw weights; the gate has biases, so that a token of zeros is no tie, whose winner nothing specifies."""
    experts, width, hidden = config["experts"], config["width"], config["hidden"]
    return {
        "gate_weight": rng.standard_normal((width, experts)) / math.sqrt(width),
        "gate_bias": rng.standard_normal(experts),
        "expand": rng.standard_normal((experts, width, hidden)) / math.sqrt(width),
        "contract": rng.standard_normal((experts, hidden, width)) / math.sqrt(hidden),
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """The sum of what the chosen experts give, by a softmax over the scores of those.

    x: (batch, length, width). gate_weight: (width, experts). gate_bias: (experts,). The `chosen` experts with the
    greatest scores are taken. expand: (experts, width, hidden). contract: (experts, hidden, width). Between them is
    ReLU; what an expert that is not chosen would give does not matter, NaN included.
    Returns {"y": (batch, length, width)}.
    Source: Shazeer et al., Outrageously Large Neural Networks (2017), section 2.1, equations 1, 3 and 5, without noise.
    """
    x = inputs["x"]
    scores = x @ weights["gate_weight"] + weights["gate_bias"]
    order = np.argsort(-scores, axis=-1, kind="stable")[..., : config["chosen"]]
    best = np.take_along_axis(scores, order, axis=-1)
    exponentials = np.exp(best - best.max(axis=-1, keepdims=True))
    shares = exponentials / exponentials.sum(axis=-1, keepdims=True)
    hidden = np.maximum(np.einsum("blw,ewh->bleh", x, weights["expand"]), 0.0)
    given = np.einsum("bleh,ehw->blew", hidden, weights["contract"])
    return {"y": (np.take_along_axis(given, order[..., None], axis=2) * shares[..., None]).sum(axis=2)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    tensors = {name: torch.tensor(array) for name, array in weights.items()}

    class MixtureOfExperts(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            dtype = getattr(torch, config["dtype"])
            self.gate = torch.nn.Linear(config["width"], config["experts"], dtype=dtype)
            self.gate.load_state_dict({"weight": tensors["gate_weight"].T, "bias": tensors["gate_bias"]})
            self.expand = torch.nn.Parameter(tensors["expand"])
            self.contract = torch.nn.Parameter(tensors["contract"])

        def forward(self, x: Tensor) -> Tensor:
            scores, experts = self.gate(x).topk(config["chosen"], dim=-1)
            hidden = torch.einsum("blw,ewh->bleh", x, self.expand).relu()
            given = torch.einsum("bleh,ehw->blew", hidden, self.contract)
            chosen = given.gather(2, experts.unsqueeze(-1).expand(-1, -1, -1, given.shape[-1]))
            return (chosen * scores.softmax(dim=-1).unsqueeze(-1)).sum(dim=2)

    return MixtureOfExperts()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf
    from tensorflow import Tensor

    class MixtureOfExperts(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = keras.layers.Dense(config["experts"], dtype=config["dtype"])
            self.gate.build((None, config["length"], config["width"]))
            self.gate.set_weights([weights["gate_weight"], weights["gate_bias"]])
            self.expand = tf.Variable(weights["expand"], trainable=False)
            self.contract = tf.Variable(weights["contract"], trainable=False)

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            scores, experts = tf.math.top_k(self.gate(x), k=config["chosen"])
            hidden = tf.nn.relu(tf.einsum("blw,ewh->bleh", x, self.expand))
            given = tf.einsum("bleh,ehw->blew", hidden, self.contract)
            chosen = tf.gather(given, experts, batch_dims=2)
            shares = tf.nn.softmax(scores, axis=-1)
            return {"y": tf.reduce_sum(chosen * shares[..., tf.newaxis], axis=2)}

    return MixtureOfExperts()


SMALL: Config = {"batch": 2, "dtype": "float32", "length": 3, "width": 4, "hidden": 2}

LAYER = LayerSpec(
    name="mixture_of_experts",
    source="Shazeer et al., Outrageously Large Neural Networks (2017), section 2.1",
    catches="the softmax before the choice instead of after it, experts gathered along another axis, too few chosen",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=({**SMALL, "experts": 4, "chosen": 2}, {**SMALL, "experts": 3, "chosen": 1, "hidden": 1}),
)
