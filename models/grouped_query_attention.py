"""Attention in which groups of query heads share one head of keys and values; one group is multi-query attention."""

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
    groups = draw(st.sizes(3))
    heads = groups * draw(st.sizes(3))
    return draw(
        st.configs(
            groups=st.just(groups),
            heads=st.just(heads),
            depth=st.sampled_from([4, 1, 2, 3]),
            width=st.sizes(5),
            length=st.sizes(5),
            shared=st.sampled_from(["expanded", "enable_gqa"]),
            bias=st.booleans(),
        )
    )


def signature(config: Config) -> Signature:
    x = TensorSpec("x", config["dtype"], ("batch", config["length"], config["width"]))
    return Signature(inputs=(x,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["length"], config["width"]), config["dtype"]))


def _sizes(config: Config) -> dict[str, tuple[int, int]]:
    width, depth = config["width"], config["depth"]
    queries, keys = config["heads"] * depth, config["groups"] * depth
    shapes = ((width, queries), (width, keys), (width, keys), (queries, width))
    return dict(zip(PROJECTIONS, shapes, strict=True))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    sizes = _sizes(config)
    arrays = {f"{name}_weight": rng.standard_normal(shape) / math.sqrt(shape[0]) for name, shape in sizes.items()}
    if config["bias"]:
        arrays |= {f"{name}_bias": rng.standard_normal(size) / 4 for name, (_, size) in sizes.items()}
    return arrays


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """Attention of every query head to the keys and values of its group, joined and projected once more.

    x: (batch, length, width). <name>_weight: (size in, size out), columns grouped by head; <name>_bias: (size out,).
    Queries have `heads` heads, keys and values `groups`; query head i uses number i // (heads // groups).
    Returns {"y": (batch, length, width)}.
    Source: Ainslie et al., GQA: Training Generalized Multi-Query Transformer Models (2023), section 2.2; for one group
    Shazeer, Fast Transformer Decoding: One Write-Head is All You Need (2019), section 3.
    """
    x, heads, groups, depth = inputs["x"], config["heads"], config["groups"], config["depth"]

    def project(name: str, sequence: np.ndarray) -> np.ndarray:
        return sequence @ weights[f"{name}_weight"] + weights.get(f"{name}_bias", 0.0)

    # Query heads as (groups, heads of a group).
    q = project("query", x).reshape(*x.shape[:2], groups, heads // groups, depth)
    k, v = (project(name, x).reshape(*x.shape[:2], groups, depth) for name in ("key", "value"))
    scores = np.einsum("bqghd,bkgd->bghqk", q, k) / math.sqrt(depth)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    joined = np.einsum("bghqk,bkgd->bqghd", attention, v).reshape(*x.shape[:2], heads * depth)
    return {"y": project("output", joined)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor
    from torch.nn.functional import scaled_dot_product_attention

    groups, heads, depth = config["groups"], config["heads"], config["depth"]

    class GroupedQueryAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, (inside, outside) in _sizes(config).items():
                linear = torch.nn.Linear(inside, outside, config["bias"], dtype=getattr(torch, config["dtype"]))
                state = {"weight": torch.tensor(weights[f"{name}_weight"].T)}
                if config["bias"]:
                    state["bias"] = torch.tensor(weights[f"{name}_bias"])
                linear.load_state_dict(state)
                setattr(self, name, linear)

        def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            raise NotImplementedError

        def forward(self, x: Tensor) -> Tensor:
            q = self.query(x).unflatten(-1, (heads, depth)).transpose(1, 2)
            k = self.key(x).unflatten(-1, (groups, depth)).transpose(1, 2)
            v = self.value(x).unflatten(-1, (groups, depth)).transpose(1, 2)
            return self.output(self.attend(q, k, v).transpose(1, 2).flatten(-2))

    class Expanded(GroupedQueryAttention):
        def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            k = k.repeat_interleave(heads // groups, dim=1)
            v = v.repeat_interleave(heads // groups, dim=1)
            return (q @ k.transpose(-2, -1) / math.sqrt(depth)).softmax(dim=-1) @ v

    class Fused(GroupedQueryAttention):
        def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return scaled_dot_product_attention(q, k, v, enable_gqa=True)

    return Fused() if config["shared"] == "enable_gqa" else Expanded()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    attention = tf.keras.layers.GroupQueryAttention(
        head_dim=config["depth"],
        num_query_heads=config["heads"],
        num_key_value_heads=config["groups"],
        use_bias=config["bias"],
        dtype=config["dtype"],
    )
    shape = (None, config["length"], config["width"])
    attention.build(shape, shape)

    class GroupedQueryAttention(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention

        def __call__(self, x: Tensor) -> dict[str, Tensor]:
            return {"y": self.attention(x, x)}

    for name in PROJECTIONS:
        dense = getattr(attention, f"_{name}_dense")
        arrays = [weights[f"{name}_weight"].reshape(dense.kernel.shape)]
        if config["bias"]:
            arrays.append(weights[f"{name}_bias"].reshape(dense.bias.shape))
        dense.set_weights(arrays)
    return GroupedQueryAttention()


SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 4, "depth": 4, "width": 5, "length": 3}

LAYER = LayerSpec(
    name="grouped_query_attention",
    source="Ainslie et al., GQA: Training Generalized Multi-Query Transformer Models (2023), section 2.2",
    catches="shared heads repeated in the wrong order (tiled, not by group), or broadcast where they are not one",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "groups": 2, "shared": "expanded", "bias": True},
        {**SMALL, "groups": 4, "shared": "enable_gqa", "bias": False},
        {**SMALL, "groups": 1, "shared": "enable_gqa", "bias": True},
    ),
)
