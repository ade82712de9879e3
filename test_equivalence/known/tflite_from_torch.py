"""Known divergences of litert-torch."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, non_finite, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 1, 1), np.float32)


def long_input(case: Case) -> bool:
    """Whether an input holds 64-bit integers."""
    return any(array.dtype == np.int64 for array in case.inputs.values())


def beyond_float_precision(case: Case) -> bool:
    """Whether an input holds an integer that float32 may not have."""
    integers = (array for array in case.inputs.values() if array.dtype.kind == "i")
    return any(bool((np.abs(array) > 2**24).any()) for array in integers)


def long_output(case: Case) -> bool:
    """Whether the layer makes 64-bit integers of numbers of another type."""
    return bool(case.config.get("indices" if case.layer == "argmax" else "target") == "int64")


KNOWN = (
    KnownDivergence(
        component="tflite_from_torch",
        layer="attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="_safe_softmax is lowered as softmax, on purpose and for speed, so scaled_dot_product_attention gives "
        "NaN for a row without a visible key, or the mean of v where the runtime knows no infinity, and not zero",
        link="none found: litert-torch ai-edge-torch _safe_softmax decomposition softmax fully masked row NaN",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
                "mask": "sdpa_bool",
            },
            0,
            {"q": ONE, "k": ONE, "v": ONE, "mask": np.zeros((1, 1, 1, 1), bool)},
        ),
        # An infinite query may give every score of its row -infinity, too.
        applies=both(config_is(mask="sdpa_bool"), either(wholly_masked("mask"), non_finite)),
        paths="*>litert_*",
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.ALLOWED,
        reason="an input of 64-bit integers becomes one of 32 bits in the file, which refuses what the module takes",
        link="litert_torch.convert 0.10.0, argument enable_x64: If False (default), downcast int64/float64 tensors, "
        "including model inputs and outputs, to int32/float32",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "embedding_positional",
            {
                "batch": 1,
                "dtype": "float32",
                "ids_dtype": "int64",
                "positions": "learned",
                "scaled": False,
                "vocabulary": 1,
                "embed": 2,
                "length": 1,
                "max_length": 1,
            },
            0,
            {"ids": np.zeros((1, 1), np.int64)},
        ),
        applies=long_input,
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="integer_division",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch.div of integers towards zero divides them as float32 (lowerings.py, _aten_div_tensor_mode): a "
        "quotient of numbers beyond 2**24 is off; rounded down they are divided as integers",
        link="none found: litert-torch div rounding_mode trunc integer float32 precision",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "integer_division",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "trunc"},
            0,
            {"x": np.array([2**29 - 1], np.int32)},
        ),
        applies=both(config_is(numbers="int32", mode="trunc"), beyond_float_precision),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch.fmod of integers is lowered as arithmetic on float32: the quotient is a product with the "
        "reciprocal of the divisor, cut and multiplied again, which is off beyond 2**24",
        link="none found: litert-torch ai-edge-torch fmod integer wrong result remainder lowering",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "int32", "sign_of": "dividend"},
            0,
            {"x": np.array([2**29 - 1], np.int32)},
        ),
        applies=both(config_is(numbers="int32", sign_of="dividend"), beyond_float_precision),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="integer_division",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="torch.div of floats, rounded down, is lowered as jnp.floor_divide, which rounds half away from zero "
        "(mhlo.round_nearest_afz), and the conversion has no TFLite operators for that",
        link="none found: litert-torch failed to legalize mhlo.round_nearest_afz floor_divide",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "integer_division",
            {"batch": 1, "dtype": "float32", "inner": [2], "numbers": "float", "mode": "floor"},
            0,
            {"x": np.ones((1, 2), np.float32)},
        ),
        applies=config_is(numbers="float", mode="floor"),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="an output of 64-bit integers becomes one of 32 bits in the file",
        link="litert_torch.convert 0.10.0, argument enable_x64: If False (default), downcast int64/float64 tensors, "
        "including model inputs and outputs, to int32/float32",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "argmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "keepdims": False, "indices": "int64"},
            0,
            {"x": np.array([[1, 2]], np.float32)},
        ),
        applies=long_output,
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="remainder",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="torch.fmod of 64-bit integers is lowered with a float64 quotient, and TFLite has no such DIV: it fails "
        "to legalize tfl.div",
        link="none found: litert-torch ai-edge-torch fmod integer wrong result remainder lowering",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [2], "numbers": "int64", "sign_of": "dividend"},
            0,
            {"x": np.ones((1, 2), np.int64)},
        ),
        applies=config_is(numbers="int64", sign_of="dividend"),
    ),
)
