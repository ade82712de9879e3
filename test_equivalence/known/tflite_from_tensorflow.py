"""Known divergences of TensorFlow's TFLite converter."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, non_finite, row_below, row_near_zero, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 1, 1), np.float32)


def holds_infinity(case: Case) -> bool:
    """Whether the layer has a constant of -infinity."""
    return case.config.get("mask") in {"fill_inf", "sdpa_bool", "causal"} or case.config.get("causal") is True


def recurrent(case: Case) -> bool:
    """Whether the layer is a recurrent one of Keras."""
    return case.layer in {"lstm", "bidirectional_lstm", "gru", "rnn"}


def open_batch(case: Case) -> bool:
    """Whether the converter is not told the size of the batch."""
    return "batch" in case.open_axes


KNOWN = (
    KnownDivergence(
        component="tflite_from_tensorflow",
        layer="*attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="constants of -infinity become the lowest float32: a row filled with it has a mean instead of NaN, and "
        "an infinite score is no longer equal to the mask",
        link="TensorFlow 2.21.0, tf.lite's build_conversion_flags, canonicalizing_inf_as_min_max_float, on by "
        "default: convert +Inf/-Inf to MIN/MAX float value",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
                "mask": "fill_inf",
            },
            0,
            {"q": ONE, "k": ONE, "v": ONE, "mask": np.zeros((1, 1, 1, 1), bool)},
        ),
        applies=either(both(config_is(mask="fill_inf"), wholly_masked("mask")), both(holds_infinity, beyond(1e15))),
        # Relay declines the SELECT_V2 of the file.
        paths="*>litert_* *>openvino_from_tflite>*",
    ),
    KnownDivergence(
        component="tflite_from_tensorflow",
        layer="scatter",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="TensorScatterAdd and -Update become a product of the table with a mask of 0 and 1, and a sum: "
        "0 * infinity is NaN, in a row that is replaced and in one that is added to",
        link="none found: tflite converter TensorScatterAdd TensorScatterUpdate mask multiply infinity NaN",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "scatter",
            {"batch": 1, "dtype": "float32", "rows": 2, "inner": [], "indices": "int32", "mode": "add"},
            0,
            {
                "table": np.array([np.inf, 0], np.float32),
                "indices": np.zeros(1, np.int32),
                "updates": np.ones(1, np.float32),
            },
        ),
        applies=non_finite,
        # Without the delegate there is no infinity.
        paths="*>litert_xnnpack *>openvino_from_tflite>*",
    ),
    KnownDivergence(
        component="tflite_from_tensorflow",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="with an open batch the list of a recurrent Keras layer's steps has an open element shape, which the "
        "lowering of TensorListReserve refuses with an error that is not one of the converter's own codes for missing "
        "operators",
        link="https://github.com/tensorflow/tensorflow/issues/62849",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "lstm",
            {
                "batch": 2,
                "dtype": "float32",
                "time": 1,
                "features": 1,
                "hidden": 1,
                "layers": 1,
                "initial_state": False,
                "bias": False,
            },
            0,
            {"x": np.ones((2, 1, 1), np.float32)},
            open_axes=("batch",),
        ),
        applies=both(recurrent, open_batch),
    ),
    KnownDivergence(
        component="tflite_from_tensorflow",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Expm1, as in celu of Keras, is written as EXP less 1, which is 0 near 0",
        link="none found: tflite converter expm1 lowered exp minus one precision elu celu small negative",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "celu", "alpha": 0.5, "inner": [2]},
            0,
            {"x": np.array([[-1e-8, -1e-6]], np.float32)},
        ),
        applies=both(config_is(kind="celu"), row_near_zero(2**-3)),
    ),
    *(
        KnownDivergence(
            component="tflite_from_tensorflow",
            layer=layer,
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="softplus, and in mish, is written as LOG of 1 + EXP, which is 0 from -17 on, infinite from 89 on",
            link="none found: tflite converter softplus lowered log(1 + exp) underflow overflow log1p",
            versions=("tensorflow-cpu<=2.21.0",),
            witness=Case(
                layer,
                {"batch": 1, "dtype": "float32", "inner": [2], **keys},
                0,
                {"x": np.array([[-20, -25]], np.float32)},
            ),
            applies=applies,
        )
        for layer, keys, applies in (
            ("softplus", {"beta": 1.0, "threshold": 20.0}, either(row_below(-1), beyond(29))),
            # Times the entry, the error shows beside numbers that are not as small.
            ("mish", {}, row_below(2, reaching=-1)),
        )
    ),
)
