"""One decoder layer of a transformer: causal self-attention, attention to a memory, and a feed-forward network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

EPSILON = 1e-5
ATTENTIONS = ("self", "cross")
PROJECTIONS = ("query", "key", "value", "output")
NORMS = ("norm1", "norm2", "norm3")


@st.composite
def configs(draw: Any) -> Config:
    heads = draw(st.sizes(3))
    depth = draw(st.sampled_from([4, 1, 2, 3]))
    return draw(
        st.configs(
            norm_first=st.booleans(),
            mask=st.sampled_from(["none", "key_padding"]),
            heads=st.just(heads),
            embed=st.just(depth * heads),
            hidden=st.sizes(12),
            length=st.sizes(5),
            memory_length=st.sizes(5),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["embed"]))
    memory = TensorSpec("memory", config["dtype"], ("batch", config["memory_length"], config["embed"]))
    key_mask = TensorSpec("key_mask", "bool", ("batch", config["memory_length"]))
    return Signature(inputs=(x, memory, *([key_mask] if config["mask"] != "none" else [])), outputs=("y",))


def _first_key_visible(mask: np.ndarray) -> np.ndarray:
    """Return the mask with the first key visible in every row that has no visible key."""
    mask[:, 0] |= ~mask.any(axis=1)
    return mask


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    # What attention to no key at all gives is a question to attention and multi_head_attention.
    return st.named(**{
        spec.name: st.masks(shape).map(_first_key_visible) if spec.dtype == "bool" else st.tensors(shape, spec.dtype)
        for spec in signature(config).inputs
        for shape in [spec.sized({"batch": config["batch"]})]
    })


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    embed, hidden = config["embed"], config["hidden"]
    dense = {f"{attention}_{name}": (embed, embed) for attention in ATTENTIONS for name in PROJECTIONS}
    dense |= {"expand": (embed, hidden), "contract": (hidden, embed)}
    return {
        **{f"{name}_weight": rng.standard_normal(shape) / math.sqrt(shape[0]) for name, shape in dense.items()},
        **{f"{name}_bias": rng.standard_normal(shape[1]) / 4 for name, shape in dense.items()},
        **{f"{name}_weight": 1 + rng.standard_normal(embed) / 4 for name in NORMS},
        **{f"{name}_bias": rng.standard_normal(embed) / 4 for name in NORMS},
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Residual attention to no later place, then to the memory, then a residual ReLU network, with a norm at each.

    x: (batch, length, embed). memory: (batch, memory_length, embed). key_mask: (batch, memory_length), True where the
    memory may be attended to; each row has such a place. self_ and cross_<projection>_weight: (embed in, embed out),
    query, key and value with their columns grouped by head. expand_weight: (embed, hidden). contract_weight: back.
    norm1, norm2, norm3: scale and shift over the last axis, variance over embed, epsilon 1e-5 inside the root.
    Returns {"y": (batch, length, embed)}. norm_first normalises what goes into each part, though not the memory, else
    the sum after it.
    Source: Vaswani et al., Attention Is All You Need (2017), section 3.1, Decoder; for norm_first Xiong et al., On
    Layer Normalization in the Transformer Architecture (2020), figure 1; Ba et al., Layer Normalization (2016).
    """

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return centred / deviation * weights[f"{name}_weight"] + weights[f"{name}_bias"]

    def heads(name: str, x: np.ndarray) -> np.ndarray:
        return dense(name, x).reshape(*x.shape[:2], config["heads"], config["embed"] // config["heads"])

    def attend(name: str, x: np.ndarray, memory: np.ndarray, visible: np.ndarray | bool) -> np.ndarray:
        q, k, v = heads(f"{name}_query", x), heads(f"{name}_key", memory), heads(f"{name}_value", memory)
        scores = np.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        scores = np.where(visible, scores, -np.inf)
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return dense(f"{name}_output", np.einsum("bhqk,bkhd->bqhd", attention, v).reshape(x.shape))

    def look_back(x: np.ndarray) -> np.ndarray:
        return attend("self", x, x, np.tri(config["length"], dtype=bool))

    def look_up(x: np.ndarray) -> np.ndarray:
        visible = inputs["key_mask"][:, None, None, :] if config["mask"] != "none" else True
        return attend("cross", x, inputs["memory"], visible)

    def feed_forward(x: np.ndarray) -> np.ndarray:
        return dense("contract", np.maximum(dense("expand", x), 0.0))

    x = inputs["x"]
    for name, part in zip(NORMS, (look_back, look_up, feed_forward), strict=True):
        x = x + part(norm(name, x)) if config["norm_first"] else norm(name, x + part(x))
    return {"y": x}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    block = torch.nn.TransformerDecoderLayer(
        config["embed"],
        config["heads"],
        dim_feedforward=config["hidden"],
        dropout=0.0,
        layer_norm_eps=EPSILON,
        batch_first=True,
        norm_first=config["norm_first"],
        dtype=getattr(torch, config["dtype"]),
    )
    tensors = {name: torch.tensor(array.T) for name, array in weights.items()}
    state = {}
    for attention, theirs in (("self", "self_attn"), ("cross", "multihead_attn")):
        for kind, joined in (("weight", "in_proj_weight"), ("bias", "in_proj_bias")):
            state[f"{theirs}.{joined}"] = torch.cat([tensors[f"{attention}_{name}_{kind}"] for name in PROJECTIONS[:3]])
            state[f"{theirs}.out_proj.{kind}"] = tensors[f"{attention}_output_{kind}"]
    for name, theirs in (("expand", "linear1"), ("contract", "linear2"), *zip(NORMS, NORMS, strict=True)):
        state |= {f"{theirs}.{kind}": tensors[f"{name}_{kind}"] for kind in ("weight", "bias")}
    block.load_state_dict(state)

    # A model that holds the block, as transformer_encoder_block says.
    class Decoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = block
            causal = torch.nn.Transformer.generate_square_subsequent_mask(config["length"])
            self.register_buffer("causal", causal.to(getattr(torch, config["dtype"])), persistent=False)

        def forward(self, x: Tensor, memory: Tensor, key_mask: Tensor | None = None) -> Tensor:
            ignored = None if key_mask is None else ~key_mask
            return self.block(x, memory, tgt_mask=self.causal, tgt_is_causal=True, memory_key_padding_mask=ignored)

    return Decoder().eval()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor
    from tensorflow.keras import layers

    embed, heads, dtype = config["embed"], config["heads"], config["dtype"]

    class DecoderBlock(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(heads, key_dim=embed // heads, dtype=dtype)
            self.cross_attention = layers.MultiHeadAttention(heads, key_dim=embed // heads, dtype=dtype)
            self.norms = [layers.LayerNormalization(epsilon=EPSILON, dtype=dtype) for _ in NORMS]
            self.expand = layers.Dense(config["hidden"], activation="relu", dtype=dtype)
            self.contract = layers.Dense(embed, dtype=dtype)

        def __call__(self, x: Tensor, memory: Tensor, key_mask: Tensor | None = None) -> dict[str, Tensor]:
            def look_back(x: Tensor) -> Tensor:
                return self.attention(x, x, use_causal_mask=True)

            def look_up(x: Tensor) -> Tensor:
                return self.cross_attention(x, memory, key_mask=key_mask)

            def feed_forward(x: Tensor) -> Tensor:
                return self.contract(self.expand(x))

            for norm, part in zip(self.norms, (look_back, look_up, feed_forward), strict=True):
                x = x + part(norm(x)) if config["norm_first"] else norm(x + part(x))
            return {"y": x}

    block = DecoderBlock()
    # A Keras layer has its variables from its first call on.
    block(tf.zeros((1, config["length"], embed), dtype), tf.zeros((1, config["memory_length"], embed), dtype))
    layers_by_name = {
        **{f"self_{name}": getattr(block.attention, f"{name}_dense") for name in PROJECTIONS},
        **{f"cross_{name}": getattr(block.cross_attention, f"{name}_dense") for name in PROJECTIONS},
        **dict(zip(NORMS, block.norms, strict=True)),
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


def _hide_masked(config: Config, given: Arrays, rng: np.random.Generator) -> Arrays | None:
    """Return the inputs with another memory where the mask hides it; zero times NaN or infinity would show."""
    if config["mask"] == "none" or not np.isfinite(given["memory"]).all():
        return None
    return {**given, "memory": np.where(given["key_mask"][..., None], given["memory"], -given["memory"] - 1)}


HIDDEN_MEMORY = relations.Relation(
    "hidden memory", "what the mask hides of the memory does not change the outputs", _hide_masked, same_numbers=True
)

SMALL: Config = {
    "batch": 2,
    "dtype": "float32",
    "heads": 2,
    "embed": 8,
    "hidden": 6,
    "length": 3,
    "memory_length": 4,
}

LAYER = LayerSpec(
    name="transformer_decoder_block",
    source="Vaswani et al., Attention Is All You Need (2017), section 3.1; Xiong et al., On Layer Normalization (2020)",
    catches="a future that leaks, queries taken for the memory, a memory mask on the wrong axis, a norm misplaced",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(
        *relations.ROWS,
        relations.past_alone(inputs=("x",), outputs=("y",), weighted=True),
        HIDDEN_MEMORY,
    ),
    examples=(
        {**SMALL, "norm_first": False, "mask": "none"},
        {**SMALL, "norm_first": True, "mask": "key_padding"},
        {**SMALL, "norm_first": False, "mask": "key_padding", "batch": 1, "length": 1, "memory_length": 3, "heads": 1},
    ),
)
