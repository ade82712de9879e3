"""Sines and cosines of positions or time steps that are given as numbers, computed in the model."""

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
    """Draw a config; `shift` is taken from the number of pairs, so that one pair has none."""
    pairs = draw(st.sizes(4))
    return draw(
        st.configs(
            order=st.sampled_from(["sin_cos", "cos_sin", "interleaved"]),
            pairs=st.just(pairs),
            odd=st.booleans(),
            shift=st.integers(0, 1) if pairs > 1 else st.just(0),
            period=st.sampled_from([10000.0, 100.0]),
            inner=st.shapes(ranks=(0, 1), largest=4),
        )
    )


def signature(config: Config) -> Signature:
    t = TensorSpec("t", config["dtype"], ("batch", *config["inner"]))
    return Signature(inputs=(t,), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(t=st.tensors((config["batch"], *config["inner"]), config["dtype"]))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """sin(t * f) and cos(t * f) for every frequency f = period^(-i / (pairs - shift)), i from 0 to pairs - 1.

    t: (batch, *inner). "sin_cos" has all sines before all cosines, "cos_sin" the other way round, "interleaved" every
    sine before its cosine. An odd embedding has one column of zeros at its end. An infinite t gives NaN.
    Returns {"y": (batch, *inner, 2 * pairs + odd)}.
    Source: Vaswani et al., Attention Is All You Need (2017), section 3.5; halves and numbers instead of indices: Ho et
    al., Denoising Diffusion Probabilistic Models (2020), appendix B, and the code published with it, whose shift is 1.
    """
    frequencies = config["period"] ** (-np.arange(config["pairs"]) / (config["pairs"] - config["shift"]))
    angles = inputs["t"][..., None] * frequencies
    sine, cosine = np.sin(angles), np.cos(angles)
    if config["order"] == "interleaved":
        y = np.stack([sine, cosine], axis=-1).reshape(*angles.shape[:-1], 2 * config["pairs"])
    else:
        y = np.concatenate([sine, cosine] if config["order"] == "sin_cos" else [cosine, sine], axis=-1)
    return {"y": np.pad(y, [(0, 0)] * (y.ndim - 1) + [(0, int(config["odd"]))])}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch
    from torch import Tensor

    pairs, rate = config["pairs"], math.log(config["period"]) / (config["pairs"] - config["shift"])

    class SinusoidalPositions(torch.nn.Module):
        def forward(self, t: Tensor) -> Tensor:
            frequencies = torch.exp(-rate * torch.arange(pairs, dtype=t.dtype, device=t.device))
            angles = t[..., None] * frequencies
            if config["order"] == "interleaved":
                y = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)
            elif config["order"] == "sin_cos":
                y = torch.cat((angles.sin(), angles.cos()), dim=-1)
            else:
                y = torch.cat((angles.cos(), angles.sin()), dim=-1)
            return torch.nn.functional.pad(y, (0, 1)) if config["odd"] else y

    return SinusoidalPositions()


def build_tensorflow(config: Config, weights: Arrays) -> Any:
    import tensorflow as tf
    from tensorflow import Tensor

    pairs, rate = config["pairs"], math.log(config["period"]) / (config["pairs"] - config["shift"])

    class SinusoidalPositions(tf.Module):
        def __call__(self, t: Tensor) -> dict[str, Tensor]:
            frequencies = tf.exp(-rate * tf.cast(tf.range(pairs), t.dtype))
            angles = t[..., tf.newaxis] * frequencies
            if config["order"] == "interleaved":
                y = tf.stack([tf.sin(angles), tf.cos(angles)], axis=-1)
                y = tf.reshape(y, [-1, *config["inner"], 2 * pairs])
            elif config["order"] == "sin_cos":
                y = tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
            else:
                y = tf.concat([tf.cos(angles), tf.sin(angles)], axis=-1)
            return {"y": tf.pad(y, [[0, 0]] * (y.shape.rank - 1) + [[0, 1]]) if config["odd"] else y}

    return SinusoidalPositions()


SMALL: Config = {"batch": 3, "dtype": "float32", "pairs": 3, "period": 10000.0}

LAYER = LayerSpec(
    name="sinusoidal_positions",
    source="Vaswani et al., Attention Is All You Need (2017), section 3.5; Ho et al., DDPM (2020), appendix B",
    catches="sine and cosine in another order, the shift of the exponent lost, sine of large angles, an odd column",
    configs=configs(),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch, "tensorflow": build_tensorflow},
    relations=relations.ROWS,
    examples=(
        {**SMALL, "order": "sin_cos", "odd": False, "shift": 1, "inner": []},
        {**SMALL, "order": "cos_sin", "odd": True, "shift": 0, "inner": []},
        {**SMALL, "order": "interleaved", "odd": False, "shift": 0, "inner": [4], "period": 100.0},
    ),
)
