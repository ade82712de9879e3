"""Known divergences of ONNX Runtime on the CPU, the same with and without its graph optimisations."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, infinite, non_finite, row_near_zero
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

SETTINGS = ("onnxruntime_cpu", "onnxruntime_cpu_unoptimized")
# A batch of 2, because tf2onnx makes no LSTM operator of a batch and a length of 1.
CELL = {"batch": 2, "dtype": "float32", "time": 1, "features": 1, "hidden": 1, "layers": 1, "initial_state": False}


def has_logistic(case: Case) -> bool:
    """Whether the layer goes through a logistic function."""
    return case.layer in {"lstm", "silu", "glu", "swiglu"} or case.config.get("activation") == "silu"


KNOWN = tuple(
    entry
    for setting in SETTINGS
    for entry in (
        KnownDivergence(
            component=setting,
            layer="lstm",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="LSTM with a bias clips its gates by std::min(limit, x), which is the limit where x is NaN",
            link="none found: onnxruntime LSTM NaN input not propagated sigmoid tanh clamp deepcpu rnn_helpers",
            versions=("onnxruntime<=1.31.1",),
            witness=Case("lstm", {**CELL, "bias": True}, 0, {"x": np.array([0, np.nan], np.float32).reshape(2, 1, 1)}),
            applies=non_finite,
        ),
        KnownDivergence(
            component=setting,
            layer="*",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="Sigmoid, also in the gates of LSTM, is a rational approximation that is right to 6e-8 absolute "
            "and no better: 0 from -18 on, where 1.5e-8 is due; 0 times an infinite cell is NaN",
            link="https://github.com/microsoft/onnxruntime/issues/22557",
            versions=("onnxruntime<=1.31.1",),
            witness=Case(
                "lstm",
                {**CELL, "bias": False},
                0,
                {"x": np.array([0, -300], np.float32).reshape(2, 1, 1)},
            ),
            applies=both(has_logistic, beyond(4)),
        ),
        KnownDivergence(
            component=setting,
            layer="l2_normalize",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.ALLOWED,
            reason="Clip without a max, as which clamp_min is exported, makes the greatest float32 of infinity, so an "
            "infinite length is a finite one and infinity over it is no NaN",
            link="ONNX operator Clip, opset 13: an absent max is numeric_limits::max()",
            versions=("onnxruntime<=1.31.1",),
            witness=Case(
                "l2_normalize",
                {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 1e-12},
                0,
                {"x": np.array([[1, np.inf]], np.float32)},
            ),
            applies=infinite,
            # tf2onnx writes Max.
            paths="torch>*",
        ),
        KnownDivergence(
            component=setting,
            layer="elu_family",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="Elu, Selu and Celu compute exp(x) - 1, which is 0 near 0, and not expm1",
            link="none found: onnxruntime Elu Selu Celu inaccurate near zero exp(x)-1 expm1",
            versions=("onnxruntime<=1.31.1",),
            witness=Case(
                "elu_family",
                {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [2]},
                0,
                {"x": np.array([[-1e-8, -1e-6]], np.float32)},
            ),
            applies=row_near_zero(2**-3),
            # TensorFlow's own Elu and Selu are as imprecise.
            paths="torch>*",
        ),
    )
)
