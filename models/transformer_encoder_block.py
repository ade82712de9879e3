"""One encoder layer of a transformer: self-attention and a feed-forward network, each with a residual and a norm."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

EPSILON = 1e-5
erfc = np.vectorize(math.erfc, otypes=[np.float64])
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "gelu": lambda x: x / 2 * erfc(-x / math.sqrt(2)),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}


@st.composite
def configs(draw: Any) -> Config:
    heads = draw(st.sizes(4))
    depth = draw(st.sampled_from([4, 1, 2, 3]))
    return draw(
        st.configs(
            norm_first=st.booleans(),
            activation=st.sampled_from(list(ACTIVATIONS)),
            heads=st.just(heads),
            embed=st.just(depth * heads),
            hidden=st.sizes(16),
            length=st.sizes(6),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["embed"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["length"], config["embed"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    embed, hidden = config["embed"], config["hidden"]
    dense = {
        "query": (embed, embed),
        "key": (embed, embed),
        "value": (embed, embed),
        "output": (embed, embed),
        "expand": (embed, hidden),
        "contract": (hidden, embed),
    }
    return {
        **{f"{name}_weight": rng.standard_normal(shape) / math.sqrt(shape[0]) for name, shape in dense.items()},
        **{f"{name}_bias": rng.standard_normal(shape[1]) / 4 for name, shape in dense.items()},
        **{f"{name}_weight": 1 + rng.standard_normal(embed) / 4 for name in ("norm1", "norm2")},
        **{f"{name}_bias": rng.standard_normal(embed) / 4 for name in ("norm1", "norm2")},
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Residual self-attention, then a residual feed-forward network, with a layer norm before or after each.

    x: (batch, length, embed). <dense>_weight: (size in, size out); query, key and value group their columns by head.
    norm1, norm2: scale and shift over the last axis, variance over embed, epsilon 1e-5 inside the root.
    Returns {"y": (batch, length, embed)}. norm_first normalises what goes into each part, else the sum after it.
    Source: Vaswani et al., Attention Is All You Need (2017), sections 3.1 to 3.3; for norm_first Xiong et al., On Layer
    Normalization in the Transformer Architecture (2020), figure 1; Ba et al., Layer Normalization (2016), section 3;
    Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.
    """

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return centred / deviation * weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def attend(x: np.ndarray) -> np.ndarray:
        by_head = (*x.shape[:2], config["heads"], config["embed"] // config["heads"])
        q, k, v = (dense(name, x).reshape(by_head) for name in ("query", "key", "value"))
        scores = np.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return dense("output", np.einsum("bhqk,bkhd->bqhd", attention, v).reshape(x.shape))

    def feed_forward(x: np.ndarray) -> np.ndarray:
        return dense("contract", ACTIVATIONS[config["activation"]](dense("expand", x)))

    x = inputs["x"]
    if config["norm_first"]:
        x = x + attend(norm("norm1", x))
        return {"y": x + feed_forward(norm("norm2", x))}
    x = norm("norm1", x + attend(x))
    return {"y": norm("norm2", x + feed_forward(x))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor
    from torch.nn.functional import gelu

    # A function, since the fused path of PyTorch 2.13 takes any torch.nn.GELU for the exact one, "tanh" or not.
    def gelu_tanh(x: Tensor) -> Tensor:
        return gelu(x, approximate="tanh")

    block = torch.nn.TransformerEncoderLayer(
        config["embed"],
        config["heads"],
        dim_feedforward=config["hidden"],
        dropout=0.0,
        activation=gelu_tanh if config["activation"] == "gelu_tanh" else config["activation"],
        layer_norm_eps=EPSILON,
        batch_first=True,
        norm_first=config["norm_first"],
        dtype=getattr(torch, config["dtype"]),
    )
    tensors = {name: torch.tensor(array.T) for name, array in weights.items()}
    projections = ("query", "key", "value")
    block.load_state_dict({
        "self_attn.in_proj_weight": torch.cat([tensors[f"{name}_weight"] for name in projections]),
        "self_attn.in_proj_bias": torch.cat([tensors[f"{name}_bias"] for name in projections]),
        "self_attn.out_proj.weight": tensors["output_weight"],
        "self_attn.out_proj.bias": tensors["output_bias"],
        "linear1.weight": tensors["expand_weight"],
        "linear1.bias": tensors["expand_bias"],
        "linear2.weight": tensors["contract_weight"],
        "linear2.bias": tensors["contract_bias"],
        "norm1.weight": tensors["norm1_weight"],
        "norm1.bias": tensors["norm1_bias"],
        "norm2.weight": tensors["norm2_weight"],
        "norm2.bias": tensors["norm2_bias"],
    })

    # A model that holds the block, as models do: PyTorch 2.13's legacy exporter turns the defaults of the outermost
    # forward into tensors, and then refuses is_causal (https://github.com/pytorch/pytorch/issues/110255).
    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = block

        def forward(self, x: Tensor) -> Tensor:
            return self.block(x)

    return Encoder().eval()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor
    from tensorflow.keras import layers

    embed, heads, dtype = config["embed"], config["heads"], config["dtype"]
    activations = {
        "relu": tf.nn.relu,
        "gelu": lambda x: tf.nn.gelu(x, approximate=False),
        "gelu_tanh": lambda x: tf.nn.gelu(x, approximate=True),
    }

    class EncoderBlock(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(heads, key_dim=embed // heads, dtype=dtype)
            self.norm1 = layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
            self.norm2 = layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
            self.expand = layers.Dense(config["hidden"], activation=activations[config["activation"]], dtype=dtype)
            self.contract = layers.Dense(embed, dtype=dtype)

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            if config["norm_first"]:
                normed = self.norm1(x)
                x = x + self.attention(normed, normed)
                return {"y": x + self.contract(self.expand(self.norm2(x)))}
            x = self.norm1(x + self.attention(x, x))
            return {"y": self.norm2(x + self.contract(self.expand(x)))}

    block = EncoderBlock()
    block(tf.zeros((1, config["length"], embed), dtype))  # a Keras layer has its variables from its first call on
    layers_by_name = {
        "query": block.attention.query_dense,
        "key": block.attention.key_dense,
        "value": block.attention.value_dense,
        "output": block.attention.output_dense,
        "norm1": block.norm1,
        "norm2": block.norm2,
        "expand": block.expand,
        "contract": block.contract,
    }
    for name, layer in layers_by_name.items():
        kernel, bias = layer.weights
        layer.set_weights([
            weights[f"{name}_weight"].reshape(kernel.shape),
            weights[f"{name}_bias"].reshape(bias.shape),
        ])
    return block


SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 2, "embed": 8, "hidden": 12, "length": 5}

LAYER = LayerSpec(
    name="transformer_encoder_block",
    source="Vaswani et al., Attention Is All You Need (2017), section 3.1; Xiong et al., On Layer Normalization (2020)",
    catches="pre-norm taken for post-norm, the wrong GELU, epsilon outside the root, fused blocks that drop a bias",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, relations.in_any_order(1, "places in any order")),
    examples=(
        {**SMALL, "norm_first": True, "activation": "gelu"},
        {**SMALL, "norm_first": False, "activation": "relu"},
        {**SMALL, "norm_first": False, "activation": "gelu_tanh"},
        {**SMALL, "norm_first": True, "activation": "relu", "heads": 3, "embed": 12},
        {
            **SMALL,
            "norm_first": False,
            "activation": "gelu",
            "batch": 1,
            "heads": 1,
            "embed": 4,
            "hidden": 1,
            "length": 1,
        },
    ),
)
