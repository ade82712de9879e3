"""Known divergences of ONNX's own reference evaluator."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, non_finite, spread_along_axis
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

CELL = {"batch": 2, "dtype": "float32", "time": 1, "features": 1, "hidden": 1, "initial_state": True, "bias": False}
ONE_STEP = {**CELL, "batch": 1, "initial_state": False}
SPREAD = {"kernel": [2, 1], "stride": [1, 1], "dilation": [2, 1], "padding": [0, 0, 0, 0], "size": [3, 1]}


def infinite_cell(case: Case) -> bool:
    """Whether an LSTM starts from an infinite cell state."""
    return "c0" in case.inputs and bool(np.isinf(case.inputs["c0"]).any())


def holes_in_kernel(case: Case) -> bool:
    """Whether a window skips cells."""
    window = case.config["window"]
    return any(kernel > 1 < step for kernel, step in zip(window["kernel"], window["dilation"], strict=True))


def scan_outputs(*, layers: int, status: Status, stage: Stage, then: str) -> KnownDivergence:
    return KnownDivergence(
        component="onnx_reference",
        layer="lstm",
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason=f"Loop joins its scan outputs with np.vstack, so that values of rank 2 get no axis for the steps; "
        f"{then}",
        link="none found: onnx ReferenceEvaluator Loop scan output single iteration shape wrong concatenate op_loop",
        versions=("onnx<=1.23.2",),
        witness=Case("lstm", {**ONE_STEP, "layers": layers}, 0, {"x": np.ones((1, 1, 1), np.float32)}),
        # tf2onnx 1.17 makes one LSTM operator of a Keras LSTM, but for a batch and a length of 1 leaves the Loop.
        applies=config_is(batch=1, time=1, layers=layers),
        paths="tensorflow>onnx_from_tensorflow>*",
    )


KNOWN = (
    KnownDivergence(
        component="onnx_reference",
        layer="lstm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LSTM without peepholes takes them as zeros and multiplies the cell by them: 0 * infinity is NaN",
        link="none found: onnx reference evaluator LSTM peephole P zeros infinite initial cell NaN",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "lstm",
            {**CELL, "layers": 1},
            0,
            {
                "x": np.zeros((2, 1, 1), np.float32),
                "h0": np.zeros((2, 1), np.float32),
                "c0": np.array([[np.inf], [0]], np.float32),
            },
        ),
        applies=infinite_cell,
    ),
    scan_outputs(
        layers=1,
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        then="the sequence comes back as (1, hidden) instead of (1, 1, hidden)",
    ),
    scan_outputs(
        layers=2,
        stage=Stage.RUN,
        status=Status.ERROR,
        then="the second layer's Gemm then gets a vector: IndexError",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="conv2d_bn_relu",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Conv with dilation fills the holes of the kernel with zeros, and 0 times a NaN or infinity there is "
        "NaN",
        link="none found: onnx reference evaluator Conv dilations NaN infinity zeros kernel",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "conv2d_bn_relu",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "window": SPREAD,
                "layout": "NCHW",
                "bias": False,
                "eps": 1e-5,
            },
            0,
            {"x": np.array([1, np.inf, 1], np.float32).reshape(1, 1, 3, 1)},
        ),
        applies=both(holes_in_kernel, non_finite),
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="log_softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LogSoftmax is the logarithm of Softmax, which is 0 from 104 below the greatest entry on: -infinity",
        link="https://github.com/onnx/onnx/pull/8423",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "log_softmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1},
            0,
            {"x": np.array([[0, -200]], np.float32)},
        ),
        applies=spread_along_axis(80),
    ),
)
