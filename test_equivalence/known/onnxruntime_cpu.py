"""Known divergences of ONNX Runtime on the CPU, the same at every level of graph optimisation and in WebAssembly."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, infinite, non_finite, not_a_number, row_near_zero
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

WEB = "onnxruntime_web_wasm"
SETTINGS = (
    "onnxruntime_cpu",
    "onnxruntime_cpu_extended",
    "onnxruntime_cpu_basic",
    "onnxruntime_cpu_unoptimized",
    WEB,
)
VERSIONS = ("onnxruntime<=1.31.1", "onnxruntime-web<=1.30.0")
# A batch of 2, because tf2onnx makes no LSTM operator of a batch and a length of 1.
CELL = {"batch": 2, "dtype": "float32", "time": 1, "features": 1, "hidden": 1, "layers": 1, "initial_state": False}


def takes_maximum(case: Case) -> bool:
    """Whether the layer is a maximum of several numbers."""
    return case.layer == "max_pool2d" or case.config.get("kind") == "max"


SQUARE = {"kernel": [2, 2], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [2, 2]}
MAX_OF_SQUARE = {"batch": 1, "dtype": "float32", "channels": 1, "window": SQUARE, "ceil_mode": False}
PAIR = {**SQUARE, "kernel": [1, 2], "size": [1, 2]}
MAX_OF_PAIR = {**MAX_OF_SQUARE, "window": PAIR}
SECOND_NAN = np.array([[[[1, np.nan]]]], np.float32)
FORGOTTEN_IN_THE_REST = (
    "MaxPool keeps a NaN in what it takes of a window four numbers at a time, and forgets one in the rest: the "
    "greatest of 5, 4, 3, 2 and NaN is 5, that of NaN, 4, 3, 2 and 1 is NaN"
)
THIRD_NAN = np.array([[[[4, 3], [np.nan, 1]]]], np.float32)
GLOBAL_MAX = {"batch": 1, "dtype": "float32", "channels": 1, "size": [2, 2], "kind": "max", "keep_axes": True}
SECOND_OF_FOUR_NAN = np.array([[[[4, np.nan], [3, 2]]]], np.float32)


def has_logistic(case: Case) -> bool:
    """Whether the layer goes through a logistic function."""
    by_config = case.config.get("activation") == "silu" or case.config.get("gate") == "sigmoid"
    return by_config or case.layer in {"lstm", "bidirectional_lstm", "gru", "silu", "glu", "swiglu"}


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
            versions=VERSIONS,
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
            versions=VERSIONS,
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
            versions=VERSIONS,
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
            versions=VERSIONS,
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
            versions=VERSIONS,
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
            layer="*pool*",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason=FORGOTTEN_IN_THE_REST
            if setting == WEB
            else "MaxPool forgets a NaN in its window, and may forget what came before it: the greatest of 4, 3, "
            "NaN and 1 is 3",
            link="none found: onnxruntime MaxPool NaN not propagated wasm MlasMaximumPool",
            versions=VERSIONS,
            witness=Case("max_pool2d", MAX_OF_PAIR, 0, {"x": SECOND_NAN})
            if setting == WEB
            else Case("max_pool2d", MAX_OF_SQUARE, 0, {"x": THIRD_NAN}),
            applies=both(takes_maximum, not_a_number),
            # TensorFlow's own forgets a NaN or not, so that either is right there.
            paths="torch>*" if setting == WEB else "*",
        ),
        KnownDivergence(
            component=setting,
            layer="*",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="ReduceMax forgets a NaN unless it comes first",
            link="https://github.com/microsoft/onnxruntime/issues/10514",
            versions=VERSIONS,
            witness=Case("global_pool", GLOBAL_MAX, 0, {"x": SECOND_OF_FOUR_NAN}),
            applies=both(either(config_is(kind="max"), config_is(gate="greatest")), not_a_number),
            # The legacy exporter writes MaxPool.
            paths="*onnx_from_*[hw]>*",
        ),
        KnownDivergence(
            component=setting,
            layer="clip",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.ALLOWED,
            reason="Clip without an upper bound takes the greatest float32 for it, without a lower one the lowest, so "
            "that an infinity becomes a number; PyTorch's clamp leaves it",
            link="ONNX operator Clip, opset 13, summary: absent bounds default to numeric_limits::lowest() and "
            "numeric_limits::max()",
            versions=VERSIONS,
            witness=Case(
                "clip",
                {"batch": 1, "dtype": "float32", "inner": [], "bounds": [-0.5, None]},
                0,
                {"x": np.array([np.inf], np.float32)},
            ),
            applies=both(lambda case: None in case.config["bounds"], non_finite),
            # tf2onnx writes Max and Min.
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
            versions=VERSIONS,
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
