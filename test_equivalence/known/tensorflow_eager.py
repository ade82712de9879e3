"""Known divergences of TensorFlow and Keras themselves, run operator by operator, as float64 shows them."""

from __future__ import annotations

import math

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, not_a_number, row_near_zero
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


PAIR = {"kernel": [1, 2], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 2]}
MAX_OF_TWO = {"batch": 1, "dtype": "float32", "channels": 1, "window": PAIR, "ceil_mode": False}
SECOND_NAN = np.array([1, np.nan], np.float32).reshape(1, 1, 1, 2)


def depth_of_heads(case: Case) -> int:
    """Return the depth of a head where the layer is a Keras attention layer that projects, else 0."""
    if case.layer == "grouped_query_attention":
        return int(case.config["depth"])
    return int(case.config["embed"] // case.config["heads"]) if {"heads", "embed"} <= set(case.config) else 0


def inexact_scale(case: Case) -> bool:
    """Whether one over the root of a head's depth is no float32."""
    depth = depth_of_heads(case)
    return depth > 0 and float(np.float32(1 / math.sqrt(depth))) != 1 / math.sqrt(depth)


def heads_as_long_as_sequence(case: Case) -> bool:
    """Whether heads of depth 1 that have biases are as many as a sequence has steps."""
    if depth_of_heads(case) != 1 or not case.config.get("bias", True):
        return False
    lengths = {
        case.config[key] for key in ("query_length", "key_length", "length", "memory_length") if key in case.config
    }
    return any(1 < case.config.get(key, 1) in lengths for key in ("heads", "groups"))


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
        layer="max_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="MaxPool compares by Eigen's cwiseMax, which keeps or drops a NaN as the channels fill a vector "
        "register or not",
        link="https://github.com/tensorflow/tensorflow/issues/125965",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case("max_pool2d", MAX_OF_TWO, 0, {"x": SECOND_NAN}),
        applies=not_a_number,
    ),
    KnownDivergence(
        component="tensorflow_eager",
        layer="resize_bilinear",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="in float64 tf.image.resize still interpolates in float32",
        link="TensorFlow 2.21.0, tf.image.resize: the return value has type float32, unless the method is "
        "ResizeMethod.NEAREST_NEIGHBOR",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "resize_bilinear",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 2],
                "out_size": [1, 5],
                "align_corners": False,
            },
            0,
            {"x": np.array([0, 1], np.float32).reshape(1, 1, 1, 2)},
        ),
    ),
    KnownDivergence(
        component="tensorflow_eager",
        layer="resize_bicubic",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="ResizeBicubic takes its weights from a table of 1024 steps between two pixels, so that they are off by "
        "up to 1e-3, in float64 as well; and its result is float32, in which small numbers are flushed to zero",
        link="none found: tensorflow ResizeBicubic coefficients table kTableSize 1024 precision",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "resize_bicubic",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 2],
                "out_size": [1, 5],
                "coefficient": -0.5,
                "align_corners": False,
            },
            0,
            {"x": np.array([0, 1], np.float32).reshape(1, 1, 1, 2)},
        ),
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
