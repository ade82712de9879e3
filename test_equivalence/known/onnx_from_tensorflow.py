"""Known divergences of tf2onnx."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, non_finite, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ATTENTION = {"batch": 1, "dtype": "float32", "heads": 1, "query_length": 1, "key_length": 1, "depth": 1}
ONE = np.ones((1, 1, 1, 1), np.float32)


def masks_by_where(case: Case) -> bool:
    """Whether the layer picks by tf.where from two finite branches."""
    masked = case.config.get("mask") in {"fill_1e9", "sdpa_bool", "key_padding", "key_padding_all"}
    return masked or case.layer == "sliding_window_attention"


def axis_of_one(case: Case) -> bool:
    """Whether a mixer has one token or one channel."""
    return 1 in {case.config["tokens"], case.config["channels"]}


def open_batch(case: Case) -> bool:
    """Whether the converter is not told the size of the batch."""
    return "batch" in case.open_axes


KNOWN = (
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="tf.where becomes condition * a + (1 - condition) * b, unless a branch is a constant with a NaN or "
        "infinity: NaN or infinity in the branch that is not taken comes through as NaN",
        link="https://github.com/onnx/tensorflow-onnx/issues/1988",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "attention",
            {**ATTENTION, "mask": "sdpa_bool"},
            0,
            {"q": ONE, "k": ONE, "v": ONE, "mask": np.zeros((1, 1, 1, 1), bool)},
        ),
        applies=either(both(masks_by_where, non_finite), both(config_is(mask="sdpa_bool"), wholly_masked("mask"))),
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="embedding_positional",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a constant that the function captures as an eager tensor becomes an input of the model, for which "
        "nobody has a value; a tf.Variable or a NumPy array becomes an initialiser",
        link="none found: tf2onnx from_function captured constant eager tensor becomes extra graph input",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "embedding_positional",
            {
                "batch": 1,
                "dtype": "float32",
                "ids_dtype": "int64",
                "positions": "sinusoidal",
                "scaled": False,
                "vocabulary": 1,
                "embed": 2,
                "length": 1,
                "max_length": 1,
            },
            0,
            {"ids": np.zeros((1, 1), np.int64)},
        ),
        applies=config_is(positions="sinusoidal"),
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="mixer_block",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the optimiser pushes a transposition past the squared difference of a layer norm and forgets the new "
        "shape of the square; where an axis is 1 the transposition back becomes a Reshape to that stale shape, and "
        "the variance is taken along the other axis",
        link="none found: tf2onnx transpose optimizer Reshape axis of size 1 open batch wrong shape SquaredDifference",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "mixer_block",
            {
                "batch": 2,
                "dtype": "float32",
                "activation": "gelu_tanh",
                "tokens": 1,
                "channels": 2,
                "token_hidden": 1,
                "channel_hidden": 1,
            },
            0,
            {"x": np.array([[[1, 2]], [[3, 5]]], np.float32)},
            open_axes=("batch",),
        ),
        applies=both(axis_of_one, open_batch),
    ),
)
