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
    # keras.ops.trunc picks from the number rounded up and the number rounded down.
    truncates = case.layer == "round" and case.config["mode"] == "trunc"
    picks = truncates or case.layer in {"where", "logsumexp"}
    return picks or case.config.get("mask") in {"fill_1e9", "sdpa_bool", "key_padding", "key_padding_all"}


def floors_integers(case: Case) -> bool:
    """Whether the layer divides integers and rounds the quotient down."""
    floors = case.config.get("mode") == "floor" or case.config.get("sign_of") == "divisor"
    return floors and case.config.get("numbers") in {"int32", "int64"}


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
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="FloorDiv of integers becomes Div, which rounds towards zero, and FloorMod what is left after that: the "
        "Floor is written for floats only, so -1 // 2 is 0 and -1 mod 2 is -1",
        link="https://github.com/onnx/tensorflow-onnx/issues/2174",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "integer_division",
            {"batch": 2, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "floor"},
            0,
            {"x": np.array([-1, 1], np.int32)},
        ),
        applies=floors_integers,
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the remainder of floats is written as x - floor(x / y) * y, whose steps are rounded: of a "
        "great x any number is left, just below a multiple nothing; frameworks take the exact remainder",
        link="https://github.com/onnx/onnx/issues/7520",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "float", "sign_of": "divisor"},
            4,
            {"x": np.array([9.2976311e17], np.float32)},
        ),
        applies=config_is(numbers="float", sign_of="divisor"),
    ),
)
