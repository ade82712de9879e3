"""Known divergences of LiteRT's own kernels, without a delegate."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, empty, in_half, non_finite, not_a_number, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

# torch.nn.MultiheadAttention makes 0 and -infinity of its padding mask and adds them to the scores.
mask_added = both(config_is(mask="key_padding_all"), wholly_masked("key_mask"))
KNOWN = (
    KnownDivergence(
        component="litert_builtin",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="ADD, SUB, MUL, DIV, FULLY_CONNECTED and the convolutions clamp their results to the greatest float32 "
        "as their fused activation, none included: an infinity becomes a number, and what should become NaN later "
        "does not",
        link="https://github.com/tensorflow/tensorflow/issues/45312",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "relu",
                "activate_last": False,
                "bias": False,
            },
            0,
            {"x": np.array([[np.inf]], np.float32)},
        ),
        applies=either(non_finite, mask_added),
    ),
    KnownDivergence(
        component="litert_builtin",
        layer="hard_activations",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="MAXIMUM and MINIMUM, as which hard tanh is written, compare and select: NaN becomes a bound",
        link="https://github.com/tensorflow/tensorflow/issues/118184",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "hard_activations",
            {"batch": 1, "dtype": "float32", "kind": "hardtanh", "bounds": [-2.5, 0.5], "inner": [2]},
            0,
            {"x": np.array([[np.nan, 2]], np.float32)},
        ),
        applies=both(config_is(kind="hardtanh"), not_a_number),
    ),
    KnownDivergence(
        component="litert_builtin",
        layer="softmax",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="REDUCE_MAX has no kernel for half precision, and fails to prepare without saying so",
        link="none found: tflite REDUCE_MAX float16 failed to prepare",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "softmax", {"batch": 1, "dtype": "float16", "inner": [2], "axis": -1}, 0, {"x": np.ones((1, 2), np.float16)}
        ),
        applies=in_half,
        paths="torch>*",
    ),
    KnownDivergence(
        component="litert_builtin",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="TensorFlow's converter folds an output without elements into a constant, and get_tensor refuses a "
        "constant of 0 bytes: Invalid tensor size",
        link="https://github.com/tensorflow/tensorflow/issues/57084",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [0], "approximate": "none"},
            seed=0,
            inputs={"x": np.ones((1, 0), dtype=np.float32)},
        ),
        applies=empty,
        # litert-torch keeps most operators; what it folds is in no_rows.py.
        paths="tensorflow>tflite_from_tensorflow>litert_builtin",
    ),
)
