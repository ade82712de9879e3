"""Known divergences of TensorFlow and Keras themselves, run operator by operator, as float64 shows them."""

from __future__ import annotations

import math

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, row_near_zero
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

SELF = {
    "batch": 1,
    "dtype": "float32",
    "cross": False,
    "heads": 1,
    "embed": 2,
    "query_length": 2,
    "key_length": 2,
    "mask": "none",
}
TWO_STEPS = np.array([[[1, 0], [0, 1]]], np.float32)


def has_gelu(case: Case) -> bool:
    """Whether the layer goes through a GELU of either form."""
    return case.layer == "gelu" or case.config.get("activation") in {"gelu", "gelu_tanh"}


def has_heads(case: Case) -> bool:
    """Whether the layer is made of keras.layers.MultiHeadAttention."""
    return {"heads", "embed"} <= set(case.config)


def inexact_scale(case: Case) -> bool:
    """Whether one over the root of a head's depth is no float32."""
    if not has_heads(case):
        return False
    scale = 1 / math.sqrt(case.config["embed"] // case.config["heads"])
    return float(np.float32(scale)) != scale


def heads_as_long_as_sequence(case: Case) -> bool:
    """Whether heads of depth 1 are as many as a sequence has steps."""
    if not has_heads(case) or case.config["embed"] != case.config["heads"]:
        return False
    lengths = {case.config[key] for key in ("query_length", "key_length", "length") if key in case.config}
    return bool(1 < case.config["heads"] in lengths)


KNOWN = (
    KnownDivergence(
        component="tensorflow_eager",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="in float64 tf.nn.gelu has float32 constants: tf.cast makes a float32 tensor of sqrt(1/2) and of "
        "0.044715 first, so the result is off by up to 9e-9",
        link="none found: tf.nn.gelu float64 precision constant cast float32 0.044715 erfc",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [], "approximate": "none"},
            0,
            {"x": np.array([1], np.float32)},
        ),
        applies=has_gelu,
    ),
    KnownDivergence(
        component="tensorflow_eager",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="in float64 keras.layers.MultiHeadAttention scales its scores by a float32 number, again by tf.cast: "
        "off by up to 2e-8 unless the depth is a power of 4",
        link="none found: keras dot_product_attention scale float64 tf.cast python float through float32 precision",
        versions=("keras<=3.15.1", "tensorflow-cpu<=2.21.0"),
        witness=Case("multi_head_attention", SELF, 0, {"x": TWO_STEPS}),
        applies=inexact_scale,
    ),
    KnownDivergence(
        component="tensorflow_eager",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="keras.ops.add(x, bias) takes a bias of shape (heads, 1) for one along axis 1 where that axis is as "
        "long: the projections of keras.layers.MultiHeadAttention get their biases by step instead of by head",
        link="none found: keras ops.add bias_add NCHW wrong axis squeeze EinsumDense MultiHeadAttention key_dim 1",
        versions=("keras<=3.15.1",),
        witness=Case("multi_head_attention", {**SELF, "heads": 2}, 0, {"x": TWO_STEPS}),
        applies=heads_as_long_as_sequence,
    ),
    KnownDivergence(
        component="tensorflow_eager",
        layer="multi_head_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="keras.layers.MultiHeadAttention fills masked scores with a great negative number, not -infinity: a "
        "row without a visible key attends to all keys alike instead of being NaN, and masked keys win over scores "
        "below that number",
        link="none found: keras MultiHeadAttention fully masked row large negative mean instead of NaN",
        versions=("keras<=3.15.1",),
        witness=Case(
            "multi_head_attention",
            {**SELF, "embed": 1, "query_length": 1, "key_length": 1, "mask": "key_padding_all"},
            0,
            {"x": np.ones((1, 1, 1), np.float32), "key_mask": np.zeros((1, 1), bool)},
        ),
        applies=either(config_is(mask="key_padding_all"), both(config_is(mask="key_padding"), beyond(1e17))),
    ),
    KnownDivergence(
        component="tensorflow_eager",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="tf.nn.elu and tf.nn.selu compute exp(x) - 1 and not expm1: 0 from -1e-8 on in float32, and as bad in "
        "float64 nearer to 0",
        link="https://github.com/tensorflow/tensorflow/issues/116943",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [2]},
            0,
            {"x": np.array([[-1e-8, -1e-6]], np.float32)},
        ),
        applies=both(either(config_is(kind="elu"), config_is(kind="selu")), row_near_zero(2**-3)),
    ),
)
