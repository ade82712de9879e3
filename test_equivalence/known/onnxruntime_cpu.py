"""Known divergences of ONNX Runtime on the CPU, the same with and without its graph optimisations."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, config_is, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

SETTINGS = ("onnxruntime_cpu", "onnxruntime_cpu_unoptimized")
# A batch of 2, because tf2onnx makes no LSTM operator of a batch and a length of 1.
CELL = {"batch": 2, "dtype": "float32", "time": 1, "features": 1, "hidden": 1, "layers": 1, "initial_state": False}


def has_logistic(case: Case) -> bool:
    """Whether the layer goes through a logistic function."""
    by_config = case.config.get("activation") == "silu" or case.config.get("gate") == "sigmoid"
    return by_config or case.layer in {"lstm", "bidirectional_lstm", "gru"}


def small_row(case: Case) -> bool:
    """Whether some row of an input, none of it beyond 1, is not wholly zero."""
    rows = [np.abs(array).max(axis=-1) for array in case.inputs.values()]
    return any(bool(((row > 0) & (row <= 1)).any()) for row in rows)


KNOWN = tuple(
    entry
    for setting in SETTINGS
    for entry in (
        KnownDivergence(
            component=setting,
            layer="*lstm",
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
            layer="rnn",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="the operator RNN computes Tanh as 2 * sigmoid(2x) - 1 (rnn_activation_functors.h), which cancels "
            "near 0: 0.14 % off at 1e-5, 0 from 1e-8 on; the operator Tanh does not",
            link="https://github.com/microsoft/onnxruntime/pull/28003",
            versions=("onnxruntime<=1.31.1",),
            witness=Case(
                "rnn",
                {**CELL, "nonlinearity": "tanh", "bias": False},
                0,
                {"x": np.array([0, 1e-8], np.float32).reshape(2, 1, 1)},
            ),
            applies=both(config_is(nonlinearity="tanh"), small_row),
            # The other two exporters write no RNN operator.
            paths="torch>onnx_from_torch_legacy>*",
        ),
        KnownDivergence(
            component=setting,
            layer="rnn",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="the operator RNN with the activation Relu gives 0 for NaN; the operator Relu does not",
            link="none found: onnxruntime RNN operator activation Relu NaN propagated rnn_helpers",
            versions=("onnxruntime<=1.31.1",),
            witness=Case(
                "rnn",
                {**CELL, "nonlinearity": "relu", "bias": False},
                0,
                {"x": np.array([0, np.nan], np.float32).reshape(2, 1, 1)},
            ),
            applies=both(config_is(nonlinearity="relu"), non_finite),
            # The other two exporters write no RNN operator.
            paths="torch>onnx_from_torch_legacy>*",
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
    )
)
