"""Known divergences of AMD Quark's XINT8 quantiser."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE_TOKEN = {
    "batch": 2,
    "dtype": "float32",
    "activation": "gelu_tanh",
    "tokens": 1,
    "channels": 2,
    "token_hidden": 1,
    "channel_hidden": 1,
}

KNOWN = (
    KnownDivergence(
        component="onnx_xint8_from_onnx",
        layer="mixer_block",
        stage=Stage.CONVERT,
        status=Status.OUT_OF_MEMORY,
        fix=Fix.UPSTREAM,
        reason="PowOfTwoCollector keeps the width of bins that a value's first calibration set gave it and adds bins "
        "for what lies beyond: a variance of nearly nothing at first and of a few at last is thousands of millions",
        link="none found: Quark ONNX PowOfTwoCollector collect_histogram_value bins grow memory calibration",
        versions=("amd-quark<=0.13",),
        witness=Case("mixer_block", ONE_TOKEN, 0, {"x": np.array([[[1, 2]], [[3, 5]]], np.float32)}, ("batch",)),
        # The variance of one token is nearly 0 by the fault of tf2onnx that takes it along the wrong axis.
        applies=config_is(tokens=1),
        paths="tensorflow>onnx_from_tensorflow>*",
    ),
)
