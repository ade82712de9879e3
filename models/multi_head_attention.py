"""Multi-head attention over one sequence or from one sequence to another, as the frameworks' own layers do it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

PROJECTIONS = ("query", "key", "value", "output")


@st.composite
def configs(draw: Any) -> Config:
    heads = draw(st.sizes(4))
    depth = draw(st.sampled_from([4, 1, 2, 3, 5, 16]))
    length = draw(st.sizes(6))
    cross = draw(st.booleans())
    return draw(
        st.configs(
            cross=st.just(cross),
            heads=st.just(heads),
            embed=st.just(heads * depth),
            query_length=st.just(length),
            key_length=st.sizes(6) if cross else st.just(length),
            mask=st.sampled_from(["none", "key_padding"]),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["query_length"], config["embed"]))
    memory = TensorSpec("memory", config["dtype"], ("batch", config["key_length"], config["embed"]))
    key_mask = TensorSpec("key_mask", "bool", ("batch", config["key_length"]))
    inputs = (x, *([memory] if config["cross"] else []), *([key_mask] if config["mask"] != "none" else []))
    return Signature(inputs=inputs, outputs=("y",))


def first_row_masked(mask: np.ndarray) -> np.ndarray:
    """Return the mask with no visible key in the first row."""
    return np.concatenate([np.zeros_like(mask[:1]), mask[1:]])


def first_key_visible(mask: np.ndarray) -> np.ndarray:
    """Return the mask with the first key visible in every row that has no visible key."""
    mask[:, 0] |= ~mask.any(axis=1)
    return mask


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    adjusted = first_row_masked if config["mask"] == "key_padding_all" else first_key_visible
    return st.named(**{
        spec.name: st.masks(shape).map(adjusted) if spec.dtype == "bool" else st.tensors(shape, spec.dtype)
        for spec in signature(config).inputs
        for shape in [spec.sized({"batch": config["batch"]})]
    })


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    embed = config["embed"]
    return {
        **{f"{name}_weight": rng.standard_normal((embed, embed)) / math.sqrt(embed) for name in PROJECTIONS},
        **{f"{name}_bias": rng.standard_normal(embed) / 4 for name in PROJECTIONS},
    }


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Attention of every head over its own projection of x to that of the memory, joined and projected once more.

    x: (batch, query_length, embed). memory: (batch, key_length, embed); it is x where config["cross"] is false.
    key_mask: (batch, key_length), True where the key may be attended to.
    <name>_weight: (embed in, embed out), its columns grouped by head. <name>_bias: (embed,).
    Returns {"y": (batch, query_length, embed)}. A row with no visible key is NaN, the softmax of nothing but -inf.
    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.2.
    """
    x = inputs["x"]
    memory = inputs["memory"] if config["cross"] else x

    def heads(name: str, sequence: np.ndarray) -> np.ndarray:
        projected = sequence @ weights[f"{name}_weight"] + weights[f"{name}_bias"]
        return projected.reshape(*sequence.shape[:2], config["heads"], config["embed"] // config["heads"])

    q, k, v = heads("query", x), heads("key", memory), heads("value", memory)
    scores = np.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
    if config["mask"] != "none":
        scores = np.where(inputs["key_mask"][:, None, None, :], scores, -np.inf)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    joined = np.einsum("bhqk,bkhd->bqhd", attention, v).reshape(x.shape)
    return {"y": joined @ weights["output_weight"] + weights["output_bias"]}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    attention = torch.nn.MultiheadAttention(
        config["embed"], config["heads"], batch_first=True, dtype=getattr(torch, config["dtype"])
    )
    attention.load_state_dict({
        "in_proj_weight": torch.cat([torch.tensor(weights[f"{name}_weight"].T) for name in PROJECTIONS[:3]]),
        "in_proj_bias": torch.cat([torch.tensor(weights[f"{name}_bias"]) for name in PROJECTIONS[:3]]),
        "out_proj.weight": torch.tensor(weights["output_weight"].T),
        "out_proj.bias": torch.tensor(weights["output_bias"]),
    })

    class MultiHeadAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention

    class SelfAttention(MultiHeadAttention):
        def forward(self, x: Tensor, key_mask: Tensor | None = None) -> Tensor:
            ignored = None if key_mask is None else ~key_mask
            return self.attention(x, x, x, key_padding_mask=ignored, need_weights=False)[0]

    class CrossAttention(MultiHeadAttention):
        def forward(self, x: Tensor, memory: Tensor, key_mask: Tensor | None = None) -> Tensor:
            ignored = None if key_mask is None else ~key_mask
            return self.attention(x, memory, memory, key_padding_mask=ignored, need_weights=False)[0]

    return CrossAttention() if config["cross"] else SelfAttention()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    embed, heads = config["embed"], config["heads"]
    attention = tf.keras.layers.MultiHeadAttention(heads, key_dim=embed // heads, dtype=config["dtype"])
    attention.build((None, config["query_length"], embed), (None, config["key_length"], embed))
    for name in PROJECTIONS:
        dense = getattr(attention, f"{name}_dense")
        dense.set_weights([
            weights[f"{name}_weight"].reshape(dense.kernel.shape),
            weights[f"{name}_bias"].reshape(dense.bias.shape),
        ])

    class MultiHeadAttention(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention

    class SelfAttention(MultiHeadAttention):
        def __call__(self, x: Tensor, key_mask: Tensor | None = None) -> dict[str, Tensor]:
            return {"y": self.attention(x, x, key_mask=key_mask)}

    class CrossAttention(MultiHeadAttention):
        def __call__(self, x: Tensor, memory: Tensor, key_mask: Tensor | None = None) -> dict[str, Tensor]:
            return {"y": self.attention(x, memory, key_mask=key_mask)}

    return CrossAttention() if config["cross"] else SelfAttention()


SELF: Config = {
    "batch": 2,
    "dtype": "float32",
    "cross": False,
    "heads": 2,
    "embed": 8,
    "query_length": 5,
    "key_length": 5,
    "mask": "none",
}
CROSS: Config = {**SELF, "cross": True, "query_length": 3}

LAYER = LayerSpec(
    name="multi_head_attention",
    source="Vaswani et al., Attention Is All You Need (2017), section 3.2.2",
    catches="heads split or joined along the wrong axis, padding masks inverted, rows of nothing but padding",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        SELF,
        {**SELF, "mask": "key_padding"},
        CROSS,
        {**CROSS, "mask": "key_padding"},
        {**SELF, "mask": "key_padding_all"},
        {**CROSS, "mask": "key_padding_all"},
        {**SELF, "heads": 3, "embed": 12},
        {**SELF, "batch": 1, "heads": 1, "embed": 1, "query_length": 1, "key_length": 1},
    ),
)
