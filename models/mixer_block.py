"""One block of an MLP-Mixer: a network over the tokens of every channel, then one over the channels of every token."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

EPSILON = 1e-6
PARTS = ("tokens", "channels")
erfc = np.vectorize(math.erfc, otypes=[np.float64])
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gelu": lambda x: x / 2 * erfc(-x / math.sqrt(2)),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        activation=st.sampled_from(list(ACTIVATIONS)),
        tokens=st.sizes(5),
        channels=st.sizes(5),
        token_hidden=st.sizes(4),
        channel_hidden=st.sizes(4),
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["tokens"], config["channels"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["tokens"], config["channels"]), config["dtype"]))


def _sizes(config: Config) -> dict[str, tuple[int, int]]:
    return {
        "tokens_expand": (config["tokens"], config["token_hidden"]),
        "tokens_contract": (config["token_hidden"], config["tokens"]),
        "channels_expand": (config["channels"], config["channel_hidden"]),
        "channels_contract": (config["channel_hidden"], config["channels"]),
    }


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    sizes, channels = _sizes(config), config["channels"]
    return {
        **{f"{name}_weight": rng.standard_normal(shape) / math.sqrt(shape[0]) for name, shape in sizes.items()},
        **{f"{name}_bias": rng.standard_normal(size) / 4 for name, (_, size) in sizes.items()},
        **{f"{part}_norm_weight": 1 + rng.standard_normal(channels) / 4 for part in PARTS},
        **{f"{part}_norm_bias": rng.standard_normal(channels) / 4 for part in PARTS},
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Two residual networks of two linear layers and a GELU, each after a layer norm over the channels.

    x: (batch, tokens, channels). The first network runs along the tokens, the second along the channels.
    <part>_<layer>_weight: (size in, size out). <part>_norm: scale and shift over the channels, epsilon 1e-6 inside the
    root, and GELU by tanh in the code published with the paper; other implementations have the exact GELU.
    Returns {"y": (batch, tokens, channels)}.
    Source: Tolstikhin et al., MLP-Mixer (2021), section 2, equation 1.
    """

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def network(part: str, x: np.ndarray) -> np.ndarray:
        return dense(f"{part}_contract", ACTIVATIONS[config["activation"]](dense(f"{part}_expand", x)))

    def norm(part: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return centred / deviation * weights[f"{part}_norm_weight"] + weights[f"{part}_norm_bias"]

    x = inputs["x"]
    x = x + network("tokens", norm("tokens", x).swapaxes(1, 2)).swapaxes(1, 2)
    return {"y": x + network("channels", norm("channels", x))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor, nn

    dtype, sizes = getattr(torch, config["dtype"]), _sizes(config)

    def loaded(module: nn.Module, name: str) -> nn.Module:
        module.load_state_dict({
            "weight": torch.tensor(weights[f"{name}_weight"].T),
            "bias": torch.tensor(weights[f"{name}_bias"]),
        })
        return module

    def network(part: str) -> nn.Module:
        expand, contract = (
            loaded(nn.Linear(*sizes[f"{part}_{layer}"], dtype=dtype), f"{part}_{layer}")
            for layer in ("expand", "contract")
        )
        return nn.Sequential(expand, nn.GELU("tanh" if config["activation"] == "gelu_tanh" else "none"), contract)

    def norm(part: str) -> nn.Module:
        return loaded(nn.LayerNorm(config["channels"], eps=EPSILON, dtype=dtype), f"{part}_norm")

    class MixerBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token_norm, self.token_mixing = norm("tokens"), network("tokens")
            self.channel_norm, self.channel_mixing = norm("channels"), network("channels")

        def forward(self, x: Tensor) -> Tensor:
            x = x + self.token_mixing(self.token_norm(x).transpose(1, 2)).transpose(1, 2)
            return x + self.channel_mixing(self.channel_norm(x))

    return MixerBlock()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor
    from tensorflow.keras import layers

    dtype, sizes = config["dtype"], _sizes(config)

    def gelu(x: Tensor) -> Tensor:
        return tf.nn.gelu(x, approximate=config["activation"] == "gelu_tanh")

    def dense(name: str, activation: Any = None) -> Any:
        inside, outside = sizes[name]
        layer = layers.Dense(outside, activation=activation, dtype=dtype)
        layer.build((None, inside))
        layer.set_weights([weights[f"{name}_weight"], weights[f"{name}_bias"]])
        return layer

    def norm(part: str) -> Any:
        layer = layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
        layer.build((None, config["tokens"], config["channels"]))
        layer.set_weights([weights[f"{part}_norm_weight"], weights[f"{part}_norm_bias"]])
        return layer

    class MixerBlock(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token_norm, self.channel_norm = norm("tokens"), norm("channels")
            self.token_mixing = [dense("tokens_expand", gelu), dense("tokens_contract")]
            self.channel_mixing = [dense("channels_expand", gelu), dense("channels_contract")]

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            expand, contract = self.token_mixing
            mixed = contract(expand(tf.transpose(self.token_norm(x), [0, 2, 1])))
            x = x + tf.transpose(mixed, [0, 2, 1])
            expand, contract = self.channel_mixing
            return {"y": x + contract(expand(self.channel_norm(x)))}

    return MixerBlock()


SMALL: Config = {"batch": 2, "dtype": "float32", "tokens": 4, "channels": 3, "token_hidden": 2, "channel_hidden": 5}

LAYER = LayerSpec(
    name="mixer_block",
    source="Tolstikhin et al., MLP-Mixer: An all-MLP Architecture for Vision (2021), section 2",
    catches="tokens mixed where channels are meant, a transposition lost in a fusion, the tanh form of GELU",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "activation": "gelu"},
        {**SMALL, "activation": "gelu_tanh", "batch": 1, "tokens": 3, "channels": 4, "channel_hidden": 1},
    ),
)
