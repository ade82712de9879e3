"""ELU, CELU and SELU: exponentials below zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

ALPHA = 1.6732632423543772848170429916717
LAMBDA = 1.0507009873554804934193349852946


@st.composite
def configs(draw: Any) -> Config:
    kind = draw(st.sampled_from(["elu", "celu", "selu"]))
    alpha = {} if kind == "selu" else {"alpha": st.sampled_from([1.0, 0.5, 2.0])}
    return draw(st.configs(kind=st.just(kind), inner=st.shapes(ranks=(0, 3), largest=5), **alpha))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """x, below 0: elu: alpha * (exp(x) - 1). celu: alpha * (exp(x / alpha) - 1). selu: elu times LAMBDA everywhere,
    with ALPHA.

    x: (batch, *inner). Returns {"y": same shape}. Computed with expm1, which loses no digits near 0.
    Source: Clevert, Unterthiner and Hochreiter (ELU), section 3; Barron (CELU), equation 2; Klambauer et al. (SELU),
    section 2; ONNX operators Elu-6, Celu-12 and Selu-6, which has the same constants.
    """
    x, kind = inputs["x"], config["kind"]
    alpha = ALPHA if kind == "selu" else config["alpha"]
    below = alpha * np.expm1(np.minimum(x, 0) / (alpha if kind == "celu" else 1))
    return {"y": np.where(x > 0, x, below) * (LAMBDA if kind == "selu" else 1)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    if config["kind"] == "selu":
        return torch.nn.SELU()
    return (torch.nn.ELU if config["kind"] == "elu" else torch.nn.CELU)(config["alpha"])


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    class EluFamily(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            if config["kind"] == "elu":
                return {"y": keras.activations.elu(x, alpha=config["alpha"])}
            if config["kind"] == "celu":
                return {"y": keras.activations.celu(x, alpha=config["alpha"])}
            return {"y": keras.activations.selu(x)}

    return EluFamily()


LAYER = LayerSpec(
    name="elu_family",
    source="Clevert, Unterthiner and Hochreiter (2015), section 3; Barron (2017); Klambauer et al. (2017), section 2",
    catches="a lost alpha, alpha inside the exponential or outside, exp(x) - 1 that loses the digits of a small x",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [3]},
        {"batch": 2, "dtype": "float32", "kind": "celu", "alpha": 0.5, "inner": [2, 3]},
        {"batch": 3, "dtype": "float32", "kind": "selu", "inner": [4]},
    ),
)
