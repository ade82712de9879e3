"""ReLU and its kin: a bound at 6, a slope below zero, fixed or learned, and any threshold and value below it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

KINDS = ("relu", "relu6", "leaky_relu", "prelu", "threshold")


@st.composite
def configs(draw: Any) -> Config:
    """Draw a config; a slope above 1 is where max(x, slope * x) is not leaky ReLU."""
    kind = draw(st.sampled_from(KINDS))
    keys: dict[str, Any] = {}
    if kind == "leaky_relu":
        keys["slope"] = st.sampled_from([0.01, 0.2, 0.5, 1.5])
    if kind == "prelu":
        keys["slopes"] = st.sampled_from(["one", "by_channel"])
    if kind == "threshold":
        keys |= {"threshold": st.sampled_from([0.0, 0.5, 1.0, -2.0]), "value": st.sampled_from([0.0, 1.0, -20.0])}
    return draw(st.configs(kind=st.just(kind), inner=st.shapes(ranks=(1, 3), largest=5), **keys))


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    """Draw inputs; small integers and halves lie on every threshold."""
    return st.named(x=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw the slopes of PReLU; negative ones and ones above 1 are among them."""
    if config["kind"] != "prelu":
        return {}
    return {"slope": rng.standard_normal(config["inner"][0] if config["slopes"] == "by_channel" else 1)}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """relu: max(x, 0). relu6: min(max(x, 0), 6). leaky_relu, prelu: x, or slope * x below 0. threshold: x, or `value`
    where x is not above `threshold`.

    x: (batch, *inner). slope: (1,), or (inner[0],) for one slope a channel. Returns {"y": same shape}. NaN stays NaN,
    which PyTorch's formula of Threshold leaves open and its kernel keeps.
    Source: ONNX operators Relu-14, Clip-13, LeakyRelu-16, PRelu-16; He et al., Delving Deep into Rectifiers, section
    2.1, for prelu; PyTorch's torch.nn.Threshold.
    """
    x, kind = inputs["x"], config["kind"]
    if kind in {"relu", "relu6"}:
        return {"y": np.clip(x, 0, 6 if kind == "relu6" else None)}
    if kind == "threshold":
        return {"y": np.where(x <= config["threshold"], config["value"], x)}
    slope = config["slope"] if kind == "leaky_relu" else weights["slope"].reshape(-1, *(1 for _ in config["inner"][1:]))
    return {"y": np.where(x < 0, slope * x, x)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    kind = config["kind"]
    if kind == "leaky_relu":
        return torch.nn.LeakyReLU(config["slope"])
    if kind == "threshold":
        return torch.nn.Threshold(config["threshold"], config["value"])
    if kind == "prelu":
        module = torch.nn.PReLU(len(weights["slope"]), dtype=getattr(torch, config["dtype"]))
        module.load_state_dict({"weight": torch.tensor(weights["slope"])})
        return module
    return torch.nn.ReLU() if kind == "relu" else torch.nn.ReLU6()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import keras
    import tensorflow as tf

    kind, dtype = config["kind"], config["dtype"]

    class Activation(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            if kind == "prelu":
                shared = list(range(2 if config["slopes"] == "by_channel" else 1, len(config["inner"]) + 1))
                self.activate = keras.layers.PReLU(shared_axes=shared or None, dtype=dtype)
                self.activate.build((None, *config["inner"]))
                self.activate.set_weights([weights["slope"].reshape(self.activate.alpha.shape)])
            elif kind == "leaky_relu":
                self.activate = keras.layers.LeakyReLU(config["slope"], dtype=dtype)
            else:
                self.activate = keras.layers.ReLU(max_value=6.0 if kind == "relu6" else None, dtype=dtype)

        def __call__(self, x: Any) -> dict[str, Any]:
            return {"y": self.activate(x)}

    class Threshold(tf.Module):
        def __call__(self, x: Any) -> dict[str, Any]:
            # Not keras.activations.threshold: it asks whether x is above the threshold, and NaN is not.
            return {"y": tf.where(x <= config["threshold"], tf.constant(config["value"], x.dtype), x)}

    return Threshold() if kind == "threshold" else Activation()


LAYER = LayerSpec(
    name="relu_family",
    source="He et al., Delving Deep into Rectifiers (2015), section 2.1; ONNX Relu-14, Clip-13, LeakyRelu-16, PRelu-16",
    catches="slopes above 1 taken for a maximum, slopes on the wrong axis, a lost bound, NaN that becomes a number",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {"batch": 2, "dtype": "float32", "kind": "relu6", "inner": [3, 4]},
        {"batch": 2, "dtype": "float32", "kind": "leaky_relu", "slope": 1.5, "inner": [3, 4]},
        {"batch": 2, "dtype": "float32", "kind": "prelu", "slopes": "by_channel", "inner": [3, 4]},
        {"batch": 2, "dtype": "float32", "kind": "threshold", "threshold": 0.5, "value": -20.0, "inner": [5]},
    ),
)
