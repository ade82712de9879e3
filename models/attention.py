"""Scaled dot-product attention, with each way of writing a mask that practitioners use."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nnparity import relations
from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature

MASKED: dict[str, Callable[[np.ndarray, Any], np.ndarray]] = {
    "fill_1e9": lambda scores, mask: np.where(mask, scores, -1e9),
    "add_10000": lambda scores, mask: scores + (1.0 - mask) * -10000.0,
    "fill_inf": lambda scores, mask: np.where(mask, scores, -np.inf),
    "sdpa_bool": lambda scores, mask: scores + np.where(mask, 0.0, -np.inf),
    "causal": lambda scores, _: np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf),
    "none": lambda scores, _: scores,
}
TAKES_NO_MASK = ("causal", "none")


def configs() -> st.SearchStrategy[Config]:
    return st.configs(
        mask=st.sampled_from(list(MASKED)),
        heads=st.sizes(3),
        query_length=st.sizes(6),
        key_length=st.sizes(6),
        depth=st.sizes(6),
    )


def signature(config: Config) -> Signature:
    queries = ("batch", config["heads"], config["query_length"], config["depth"])
    keys = ("batch", config["heads"], config["key_length"], config["depth"])
    q, k, v = (
        TensorSpec(name, config["dtype"], shape) for name, shape in zip("qkv", (queries, keys, keys), strict=True)
    )
    mask = TensorSpec("mask", "bool", ("batch", 1, config["query_length"], config["key_length"]))
    return Signature(inputs=(q, k, v) if config["mask"] in TAKES_NO_MASK else (q, k, v, mask), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(**{
        spec.name: st.masks(shape) if spec.dtype == "bool" else st.tensors(shape, spec.dtype)
        for spec in signature(config).inputs
        for shape in [spec.sized({"batch": config["batch"]})]
    })


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """softmax(q k^T / sqrt(depth)) v, with masked scores filled or lowered as config["mask"] says.

    q: (batch, heads, query_length, depth). k, v: (batch, heads, key_length, depth).
    mask: (batch, 1, query_length, key_length), True where the key may be attended to.
    Returns {"y": (batch, heads, query_length, depth)}. A wholly masked row is the mean of v for fill_1e9, as if
    unmasked for add_10000, NaN for fill_inf, and zero for sdpa_bool.
    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.1; for sdpa_bool PyTorch 2.13,
    torch.nn.functional.scaled_dot_product_attention, whose boolean mask becomes an added 0 or -inf.
    """
    q, k, v = inputs["q"], inputs["k"], inputs["v"]
    # einsum without BLAS: zero times infinity is NaN in every build, whatever the sizes.
    scores = np.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(q.shape[-1])
    scores = MASKED[config["mask"]](scores, inputs.get("mask"))
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    if config["mask"] == "sdpa_bool":
        attention = np.where((scores == -np.inf).all(axis=-1, keepdims=True), 0.0, attention)
    return {"y": np.einsum("bhqk,bhkd->bhqd", attention, v)}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor
    from torch.nn.functional import scaled_dot_product_attention

    def scaled_scores(q: Tensor, k: Tensor) -> Tensor:
        return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])

    class FillFinite(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
            scores = scaled_scores(q, k)
            scores = scores.masked_fill(mask == 0, -1e9)
            return scores.softmax(dim=-1) @ v

    class AddFinite(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
            scores = scaled_scores(q, k)
            scores = scores + (1.0 - mask.to(scores.dtype)) * -10000.0
            return scores.softmax(dim=-1) @ v

    class FillInfinite(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
            scores = scaled_scores(q, k)
            scores = scores.masked_fill(mask == 0, float("-inf"))
            return scores.softmax(dim=-1) @ v

    class Fused(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
            return scaled_dot_product_attention(q, k, v, attn_mask=mask)

    class Causal(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            scores = scaled_scores(q, k)
            visible = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
            scores = scores.masked_fill(visible == 0, float("-inf"))
            return scores.softmax(dim=-1) @ v

    class Unmasked(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return scaled_scores(q, k).softmax(dim=-1) @ v

    modules = {
        "fill_1e9": FillFinite,
        "add_10000": AddFinite,
        "fill_inf": FillInfinite,
        "sdpa_bool": Fused,
        "causal": Causal,
        "none": Unmasked,
    }
    return modules[config["mask"]]()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    def scaled_scores(q: Tensor, k: Tensor) -> Tensor:
        return tf.matmul(q, k, transpose_b=True) / math.sqrt(q.shape[-1])

    class FillFinite(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> dict[str, Tensor]:
            scores = scaled_scores(q, k)
            scores = tf.where(mask, scores, -1e9)
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    class AddFinite(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> dict[str, Tensor]:
            scores = scaled_scores(q, k)
            scores += (1.0 - tf.cast(mask, scores.dtype)) * -10000.0
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    class FillInfinite(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> dict[str, Tensor]:
            scores = scaled_scores(q, k)
            scores = tf.where(mask, scores, float("-inf"))
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    class Fused(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> dict[str, Tensor]:
            scores = scaled_scores(q, k)
            scores += tf.where(mask, tf.zeros_like(scores), float("-inf"))
            visible = tf.reduce_any(scores != float("-inf"), axis=-1, keepdims=True)
            attention = tf.where(visible, tf.nn.softmax(scores, axis=-1), 0.0)
            return {"y": tf.matmul(attention, v)}

    class Causal(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
            scores = scaled_scores(q, k)
            visible = tf.linalg.band_part(tf.ones(tf.shape(scores)[-2:]), -1, 0)
            scores = tf.where(visible == 1, scores, float("-inf"))
            return {"y": tf.matmul(tf.nn.softmax(scores, axis=-1), v)}

    class Unmasked(tf.Module):
        def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
            return {"y": tf.matmul(tf.nn.softmax(scaled_scores(q, k), axis=-1), v)}

    modules = {
        "fill_1e9": FillFinite,
        "add_10000": AddFinite,
        "fill_inf": FillInfinite,
        "sdpa_bool": Fused,
        "causal": Causal,
        "none": Unmasked,
    }
    return modules[config["mask"]]()


def _with_other_keys(inputs: Arrays, hidden: np.ndarray) -> Arrays | None:
    """Return the inputs with other keys and values where `hidden` (batch, keys) says so, all of them finite.

    A masked weight is zero, and zero times NaN or infinity would show.
    """
    hidden = hidden[:, None, :, None]
    scores = np.abs(inputs["q"]).max() * np.abs(inputs["k"]).max() * math.sqrt(inputs["q"].shape[-1])
    if not scores < 2000 or not np.isfinite(inputs["v"]).all():  # beyond 2000, -10000 hides no key
        return None
    return {**inputs, "k": np.where(hidden, -inputs["k"], inputs["k"]), "v": np.where(hidden, 9, inputs["v"])}


def _hide_masked(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays | None:
    if config["mask"] in TAKES_NO_MASK:
        return None
    seen = inputs["mask"][:, 0, 0, :]
    return _with_other_keys(inputs, ~seen & seen.any(axis=-1, keepdims=True))


def _hide_future(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays | None:
    if config["mask"] != "causal":
        return None
    return _with_other_keys(
        inputs, np.broadcast_to(np.arange(config["key_length"]) > 0, (len(inputs["k"]), config["key_length"]))
    )


_first_query = relations.of_each(lambda array: array[:, :, :1])
HIDDEN_KEYS = relations.Relation(
    "hidden keys",
    "what a mask hides from a query does not change the query's output",
    change=_hide_masked,
    kept=_first_query,
    again=_first_query,
    same_numbers=True,
)
FUTURE_KEYS = replace(
    HIDDEN_KEYS, name="future keys", because="no query sees the keys after its own place", change=_hide_future
)

SMALL: Config = {"batch": 2, "dtype": "float32", "heads": 2, "query_length": 3, "key_length": 5, "depth": 4}

LAYER = LayerSpec(
    name="attention",
    source="Vaswani et al., Attention Is All You Need (2017), section 3.2.1",
    catches="-1e9, -10000 and -inf taken for the same mask, rows with every key masked, masks broadcast over heads",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=(*relations.ROWS, HIDDEN_KEYS, FUTURE_KEYS),
    examples=(
        {**SMALL, "mask": "fill_1e9"},
        {**SMALL, "mask": "add_10000"},
        {**SMALL, "mask": "fill_inf"},
        {**SMALL, "mask": "sdpa_bool"},
        {**SMALL, "mask": "causal"},
        {**SMALL, "mask": "none", "query_length": 5},
        {
            "batch": 1,
            "dtype": "float32",
            "heads": 1,
            "query_length": 1,
            "key_length": 1,
            "depth": 1,
            "mask": "fill_1e9",
        },
    ),
)
