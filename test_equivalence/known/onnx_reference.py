"""Known divergences of ONNX's own reference evaluator."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import (
    beyond,
    both,
    config_is,
    either,
    in_half,
    non_finite,
    not_a_number,
    small_row,
    spread_along_axis,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

CELL = {"batch": 2, "dtype": "float32", "time": 1, "features": 1, "hidden": 1, "initial_state": True, "bias": False}
ONE_STEP = {**CELL, "batch": 1, "initial_state": False}
GATED = {
    "dtype": "float32",
    "reset": "after",
    "features": 1,
    "hidden": 1,
    "initial_state": False,
    "bias": False,
}
SPREAD = {"kernel": [2, 1], "stride": [1, 1], "dilation": [2, 1], "padding": [0, 0, 0, 0], "size": [3, 1]}


def infinite_cell(case: Case) -> bool:
    """Whether an LSTM starts from an infinite cell state."""
    return "c0" in case.inputs and bool(np.isinf(case.inputs["c0"]).any())


def holes_in_kernel(case: Case) -> bool:
    """Whether a window skips cells."""
    window = case.config.get("window", {"kernel": [], "dilation": []})
    return any(kernel > 1 < step for kernel, step in zip(window["kernel"], window["dilation"], strict=True))


def left_as_loop(case: Case) -> bool:
    """Whether tf2onnx 1.17 makes no recurrent operator of the layer, but leaves its Loop."""
    one_step = config_is(batch=1, time=1)(case)
    return case.layer in {"gru", "rnn"} or (case.layer == "bidirectional_lstm" and one_step)


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
        paths="tensorflow>onnx_from_tensorflow>* tensorflow>onnx13_from_tensorflow>*",
    )


def takes_maximum(case: Case) -> bool:
    """Whether the layer is a maximum of several numbers."""
    return case.layer == "max_pool2d" or case.config.get("kind") == "max"


PAIR = {"kernel": [1, 2], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 2]}
MAX_OF_TWO = {"batch": 1, "dtype": "float32", "channels": 1, "window": PAIR, "ceil_mode": False}
SECOND_NAN = np.array([1, np.nan], np.float32).reshape(1, 1, 1, 2)
TRANSPOSED = {
    "batch": 1,
    "dtype": "float32",
    "in_channels": 1,
    "out_channels": 1,
    "groups": 1,
    "size": [2, 2],
    "kernel": [3, 3],
    "stride": [2, 2],
    "padding": [0, 0],
    "output_padding": [0, 0],
    "bias": False,
}
CELLS = np.array([[[[1, 2], [3, 4]]]], np.float32)


def cuts_off(case: Case) -> bool:
    """Whether some padding is negative."""
    return any(width < 0 for pair in case.config["padding"] for width in pair)


def has_layer_norm(case: Case) -> bool:
    """Whether the layer has a layer normalisation."""
    blocks = {"mixer_block", "rewritten_block", "transformer_decoder_block", "transformer_encoder_block"}
    return case.layer == "layer_norm" or case.layer in blocks


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
        layer="*conv*",
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
        layer="*pool*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="pooling takes NaN for the mark of padding and leaves it out: a window of nothing but NaN is empty, and "
        "its maximum raises ValueError (op_pool_common.py)",
        link="none found: onnx reference evaluator pool NaN zero-size array to reduction operation maximum",
        versions=("onnx<=1.23.2",),
        witness=Case("max_pool2d", MAX_OF_TWO, 0, {"x": np.full((1, 1, 1, 2), np.nan, np.float32)}),
        applies=both(takes_maximum, not_a_number),
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="*pool*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="MaxPool keeps what is greater than the greatest so far, which a NaN is only as the first of its window",
        link="none found: onnx reference evaluator MaxPool NaN not propagated op_max_pool",
        versions=("onnx<=1.23.2",),
        witness=Case("max_pool2d", MAX_OF_TWO, 0, {"x": SECOND_NAN}),
        applies=both(takes_maximum, not_a_number),
        paths="torch>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="conv_transpose2d",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="ConvTranspose with groups takes as many input channels a group from the weights as the result has, and "
        "keeps one channel of each group's result: ValueError unless the groups are of one channel",
        link="none found: onnx reference evaluator ConvTranspose group cannot reshape broadcast op_conv_transpose",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "conv_transpose2d",
            {**TRANSPOSED, "in_channels": 2, "out_channels": 4, "groups": 2},
            0,
            {"x": np.concatenate([CELLS, CELLS], axis=1)},
        ),
        applies=lambda case: case.config["groups"] > 1,
        # The TensorFlow build takes the groups apart.
        paths="torch>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="one_hot",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="OneHot hands `depth` to np.arange as it is, which takes no array of one element any more; ONNX allows "
        "that beside a scalar, and tf2onnx writes it",
        link="none found: onnx reference evaluator OneHot depth rank 1 np.arange only 0-dimensional arrays",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "one_hot",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "classes": 2,
                "classes_last": True,
                "indices": "int32",
            },
            0,
            {"indices": np.zeros(1, np.int32)},
        ),
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="take_along_axis",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="GatherElements along a negative axis compares the wrong sizes: shape[:-1] + shape[-1 + 1:] is not the "
        "shape without its last axis (reference/ops/op_gather_elements.py)",
        link="none found: onnx reference evaluator GatherElements negative axis except for dimension -1",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "take_along_axis",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "picked": 1, "indices": "int32"},
            0,
            {"x": np.array([[1, 2]], np.float32), "indices": np.ones((1, 1), np.int32)},
        ),
        applies=lambda case: case.config["axis"] < 0,
        # Keras counts the axis from the front.
        paths="torch>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="rnn",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the operator RNN knows the activations Tanh and Affine only, not Relu, which the specification names",
        link="none found: onnx ReferenceEvaluator RNN Unknown activation function Relu choose_act",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "rnn",
            {**ONE_STEP, "layers": 1, "nonlinearity": "relu"},
            0,
            {"x": np.ones((1, 1, 1), np.float32)},
        ),
        applies=config_is(nonlinearity="relu"),
        # The other two exporters write no RNN operator.
        paths="torch>onnx_from_torch_legacy>* torch>onnx13_from_torch_legacy>*",
    ),
    *(
        KnownDivergence(
            component="onnx_reference",
            layer="*",
            stage=stage,
            status=status,
            fix=Fix.UPSTREAM,
            reason=f"Loop joins its scan outputs with np.vstack, so that values of rank 2 get no axis for the steps; "
            f"{then}",
            link="none found: onnx ReferenceEvaluator Loop scan output single iteration shape wrong concatenate "
            "op_loop",
            versions=("onnx<=1.23.2",),
            witness=Case("gru", {**GATED, "batch": size, "time": size}, 0, {"x": np.ones((size, size, 1), np.float32)}),
            applies=both(left_as_loop, applies),
            paths="tensorflow>onnx_from_tensorflow>* tensorflow>onnx13_from_tensorflow>*",
        )
        for size, stage, status, applies, then in (
            (
                2,
                Stage.RUN,
                Status.ERROR,
                left_as_loop,
                "the operator that follows, such as Transpose, refuses a matrix",
            ),
            (1, Stage.COMPARE, Status.MISMATCH, config_is(batch=1, time=1), "the sequence comes back as a matrix"),
        )
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="log_softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LogSoftmax is the logarithm of Softmax, which is 0 from 104 below the greatest entry on, 17 in half "
        "precision: -infinity",
        link="https://github.com/onnx/onnx/pull/8423",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "log_softmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1},
            0,
            {"x": np.array([[0, -200]], np.float32)},
        ),
        applies=spread_along_axis(80, half=8),
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="pad",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Pad hands its widths to np.pad, which takes no negative ones: ValueError; by the specification these "
        "remove elements",
        link="https://github.com/onnx/onnx/pull/8199",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "pad",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [3],
                "mode": "constant",
                "padding": [[-1, 0]],
                "value": 0.0,
            },
            0,
            {"x": np.ones((1, 1, 3), np.float32)},
        ),
        applies=cuts_off,
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="*avg_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="AveragePool leaves a NaN of its input out of the mean",
        link="none found: onnx reference evaluator AveragePool NaN nanmean op_pool_common",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "avg_pool2d",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "window": {"kernel": [2, 2], "stride": [2, 2], "padding": [0, 0], "size": [2, 2]},
                "ceil_mode": False,
                "count_include_pad": False,
            },
            0,
            {"x": np.array([[[[1, np.nan], [1, 1]]]], np.float32)},
        ),
        applies=not_a_number,
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="resize_nearest",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Resize to the nearest pixel is a sum with weights of 0 and 1, and 0 times a NaN or infinity is NaN",
        link="none found: onnx reference evaluator Resize nearest NaN infinity zero weight op_resize",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "resize_nearest",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 4],
                "out_size": [1, 6],
                "centres": "asymmetric",
            },
            0,
            {"x": np.array([1, np.inf, 1, 1], np.float32).reshape(1, 1, 1, 4)},
        ),
        applies=non_finite,
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="ReduceL2 squares and sums in half precision, where the square of 0.0001 is 0 and that of 256 infinite",
        link="none found: onnx reference evaluator ReduceL2 float16 overflow underflow",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float16", "inner": [2], "axes": [-1], "eps": 1e-12},
            0,
            {"x": np.array([[1e-5, 2e-5]], np.float16)},
        ),
        applies=both(in_half, either(beyond(100), small_row(0.05))),
        paths="torch>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="batch_norm instance_norm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="BatchNormalization of opsets 9 to 13 is for inference where it has one output; it is taken for "
        "training unless its momentum is None, which it never is: the rows at hand move the mean and variance given",
        link="https://github.com/onnx/onnx/pull/8442",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "batch_norm",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "spatial": [1],
                "eps": 1e-5,
                "layout": "channels_first",
                "affine": False,
            },
            0,
            {"x": np.array([[[100]]], np.float32)},
        ),
        applies=lambda case: case.config.get("statistics", "running") == "running",
        paths="*>onnx13_from_torch_legacy>*",
    ),
    KnownDivergence(
        component="onnx_reference",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LayerNormalization takes its sums of squares in half precision, where they are infinite beyond 65504; "
        "the operator's stash_type asks for float32 and is overlooked",
        link="none found: onnx reference evaluator LayerNormalization stash_type float16 overflow",
        versions=("onnx<=1.23.2",),
        witness=Case(
            "layer_norm",
            {"batch": 1, "dtype": "float16", "inner": [2], "axes": 1, "eps": 1e-5, "affine": ["scale", "offset"]},
            0,
            {"x": np.array([[300, -300]], np.float16)},
        ),
        applies=both(both(in_half, beyond(30)), has_layer_norm),
        # The operator came with opset 17.
        paths="torch>* !*>onnx13_*",
    ),
)
