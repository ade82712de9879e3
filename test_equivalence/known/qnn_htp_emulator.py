"""Known divergences of the emulator of Qualcomm's tensor processor; it is held to float16, in which it computes."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import Condition, beyond, beyond_float_precision, both, config_is, either, empty
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

QNN = ("onnxruntime-qnn<=2.7.0",)
ONE = {"batch": 1, "dtype": "float32"}
NOTHING = {"batch": 0, "dtype": "float32"}
WINDOW = {"kernel": [1], "stride": [1], "dilation": [1], "padding": [0, 0], "size": [1]}
CONV = {"in_channels": 1, "out_channels": 2, "groups": 1, "bias": True, "window": WINDOW}
PICKED = {"axis": 1, "picked": 3, "indices": "int32", "negative": False, "inner": [4, 3]}
SOFT = {"beta": 1.0, "threshold": 20.0}
REPEATED = {"channels": 1, "size": [2], "mode": "replicate", "padding": [[1, 0]], "value": 0.0}
OVER_EDGE = {"kernel": [3, 3], "stride": [2, 2], "padding": [1, 1], "size": [4, 6]}
DILATED = {
    "kernel": [2, 2, 2],
    "stride": [1, 1, 1],
    "dilation": [2, 1, 2],
    "padding": [0, 0, 1, 0, 0, 1],
    "size": [3, 4, 5],
}
PIXELS = {"channels": 5, "reduced": 2, "height": 3, "width": 4, "layout": "NHWC"}
PIXELS = {**PIXELS, "activation": "relu", "gate": "hard_sigmoid"}
UNEVEN = {"kernel": [3, 2], "stride": [1, 1], "dilation": [1, 2], "padding": [2, 0, 0, 1], "size": [5, 6]}
NORMALISED = {"in_channels": 2, "out_channels": 3, "groups": 1, "layout": "NHWC", "bias": False, "eps": 0.001}
VOLUME = {"channels": 1, "spatial": [1, 1, 1], "eps": 1e-5, "layout": "channels_last", "affine": True}
ONE_HEAD = {"groups": 1, "heads": 1, "depth": 1, "width": 1, "length": 1, "shared": "expanded", "bias": False}
ROW = np.arange(1, 25, dtype=np.float32).reshape(2, 4, 3)
PAST = np.linspace(-1, 1, 48, dtype=np.float32).reshape(2, 2, 4, 3)
REFUSED_BEFORE = "group_norm grouped_query_attention"
# Layers whose outputs are no greater than twice their inputs.
MOVED = """
    adaptive_avg_pool2d avg_pool2d cast clip elu_family gather gelu global_pool glu hard_activations log_softmax
    max_pool2d mish pad relu_family resize_bicubic resize_bilinear resize_nearest round scatter silu softmax softplus
    sort take_along_axis top_k where
"""
APPROXIMATED = """
    bidirectional_lstm elu_family gelu glu gru lstm mish mixer_block mlp rnn silu softplus squeeze_excite swiglu
    transformer_decoder_block transformer_encoder_block
"""


def one_number(case: Case) -> bool:
    """Whether the axis of a softmax has one number."""
    return any(array.shape[case.config["axis"]] == 1 for array in case.inputs.values())


def leaves_half(case: Case) -> bool:
    """Whether a number is not finite or may go beyond 65504: products do from 256 on, what is only moved by itself."""
    return beyond(2.0**15 if case.layer in MOVED.split() else 2.0**8)(case)


def approximated(case: Case) -> bool:
    """Whether the layer goes through a function that the processor approximates."""
    return case.layer in APPROXIMATED.split() and case.config.get("activation") != "relu"


def vector_of_axis_before(case: Case) -> bool:
    """Whether there are five axes, and as many channels as places on the last spatial one."""
    spatial = case.config["spatial"]
    return len(spatial) == 3 and bool(spatial[-1] == case.config["channels"])


def entry(
    layer: str,
    *,
    reason: str,
    searched: str,
    witness: Case,
    applies: Condition,
    shown: tuple[Stage, Status] = (Stage.COMPARE, Status.MISMATCH),
    paths: str = "*",
) -> KnownDivergence:
    """Return an entry of upstream's; searched: the words for which no issue was found."""
    return KnownDivergence(
        component="qnn_htp_emulator",
        layer=layer,
        stage=shown[0],
        status=shown[1],
        fix=Fix.UPSTREAM,
        reason=reason,
        link=f"none found: {searched}",
        versions=QNN,
        witness=witness,
        applies=applies,
        paths=paths,
    )


LOADING = (Stage.LOAD, Status.ERROR)
DYING = (Stage.LOAD, Status.CRASH)
KNOWN = (
    entry(
        "*",
        reason="the processor's float has neither NaN nor infinity: both become numbers, 131008 for one, and what is "
        "too great is held there; a softmax of a wholly masked row is uniform",
        searched="QNN HTP fp16 NaN Inf saturate output 65504 131008",
        witness=Case("relu_family", {**ONE, "kind": "relu", "inner": [1]}, 0, {"x": np.array([[np.nan]], np.float32)}),
        applies=either(leaves_half, config_is(mask="key_padding_all")),
    ),
    entry(
        "*",
        reason="functions are approximated beyond what half precision needs: Softplus is 5 % off at -1.4, Sigmoid 5 % "
        "at -5, Elu of 0 is -4e-5",
        searched="QNN EP HTP fp16 accuracy Sigmoid Softplus Elu wrong approximation error",
        witness=Case("softplus", {**ONE, "inner": [1], **SOFT}, 0, {"x": np.array([[-1.25]], np.float32)}),
        applies=approximated,
    ),
    entry(
        "log*",
        reason="the logarithm of a sum that is 1 because one number is left of it, or is the only one, is about -18 "
        "or -34 where 0 is due",
        searched="QNN EP HTP LogSoftmax wrong result single element axis fp16",
        witness=Case("log_softmax", {**ONE, "inner": [1], "axis": 0}, 0, {"x": np.array([[0.5]], np.float32)}),
        applies=either(both(lambda case: case.layer == "log_softmax", one_number), beyond(10.0)),
    ),
    entry(
        "remainder",
        reason="Mod of integers becomes a division, a rounding down and a product of floats, and 64-bit integers are "
        "32-bit ones in between, so that great numbers lose their last digits or their first",
        searched="onnxruntime QNN EP Mod op int32 int64 precision float division",
        witness=Case(
            "remainder",
            {**ONE, "inner": [], "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([2**31 - 1], np.int32)},
        ),
        applies=beyond_float_precision,
        paths="torch>*",
    ),
    entry(
        "gather",
        reason="Gather along an inner axis by indices that are an input gives what is in memory, mostly 0, from the "
        "second row on",
        searched="QNN EP HTP Gather axis 1 dynamic indices wrong output batch",
        witness=Case("gather", {**ONE, "batch": 2, **PICKED}, 0, {"x": ROW, "indices": np.array([0, 1, 2], np.int32)}),
        applies=lambda case: bool(case.config["batch"] > 1),
    ),
    entry(
        "*pad*",
        reason="Pad that repeats the border gives what is in memory there, mostly 0",
        searched="QNN EP HTP Pad edge mode fp16 wrong output",
        witness=Case("pad", {**ONE, **REPEATED}, 0, {"x": np.array([[[1, 2]]], np.float32)}),
        applies=config_is(mode="replicate"),
        paths="torch>*",
    ),
    entry(
        "avg_pool2d",
        reason="PoolAvg2d with ceil_mode is wrong in windows that reach beyond the padding: 0, or a mean over too many",
        searched="QNN EP HTP AveragePool ceil_mode count_include_pad inaccurate",
        witness=Case(
            "avg_pool2d",
            {**ONE, "channels": 1, "window": OVER_EDGE, "ceil_mode": True, "count_include_pad": True},
            0,
            {"x": np.ones((1, 1, 4, 6), np.float32)},
        ),
        applies=config_is(ceil_mode=True),
        paths="torch>*",
    ),
    entry(
        "attention_cache_step",
        reason="the result of FullyConnected that is reshaped from (2, 4) to (2, 1, 4) as an output is wrong "
        "from the second row on",
        searched="QNN EP HTP FullyConnected Reshape MatMul output wrong second row fp16 emulator",
        witness=Case(
            "attention_cache_step",
            {**ONE, "batch": 2, "heads": 2, "depth": 3, "width": 4, "past": 4},
            0,
            {"x": np.linspace(-2, 1, 8, dtype=np.float32).reshape(2, 1, 4), "past_key": PAST, "past_value": PAST},
        ),
        applies=lambda case: bool(case.config["batch"] > 1),
        paths="tensorflow>*",
    ),
    entry(
        "conv3d",
        shown=LOADING,
        reason="the plugin asks for a dilated convolution of volumes in another layout, then leaves it in that one, "
        "which nothing else runs",
        searched="QNN EP Conv3d dilation inserted using the NHWC format as requested but was not selected",
        witness=Case(
            "conv3d",
            {**ONE, "in_channels": 2, "out_channels": 3, "bias": True, "window": DILATED},
            0,
            {"x": np.zeros((1, 2, 3, 4, 5), np.float32)},
        ),
        applies=lambda case: max(case.config["window"]["dilation"]) > 1,
    ),
    entry(
        "conv2d_bn_relu",
        shown=LOADING,
        reason="a dilated convolution with more padding on one side than on the other does not finalize: error 1002, "
        "memory allocation",
        searched="QNN HTP Failed to finalize QNN graph error 1002 QNN_COMMON_ERROR_MEM_ALLOC dilated Conv",
        witness=Case(
            "conv2d_bn_relu",
            {**ONE, "batch": 3, **NORMALISED, "window": UNEVEN},
            0,
            {"x": np.zeros((3, 5, 6, 2), np.float32)},
        ),
        applies=lambda case: max(case.config["window"]["dilation"]) > 1,
    ),
    entry(
        "batch_norm",
        shown=LOADING,
        reason="Mul of five axes by a vector of n numbers, where the axis before the last is of n too, does not "
        "finalize where an Add follows: error 1002, memory allocation; by itself it ends the process where n > 1. Of "
        "another size there it is right, as is a constant of shape (1, 1, 1, 1, n), a matrix, four axes, Add or Div",
        searched="QNN EP HTP 5D Mul broadcast vector Failed to finalize QNN graph 1002 segmentation fault",
        witness=Case("batch_norm", {**ONE, **VOLUME}, 0, {"x": np.zeros((1, 1, 1, 1, 1), np.float32)}),
        applies=both(config_is(layout="channels_last"), vector_of_axis_before),
        paths="tensorflow>*",
    ),
    entry(
        "grouped_query_attention",
        shown=DYING,
        reason="Tile of five axes that repeats nothing ends the process; of four axes, or where some axis is repeated, "
        "it is right",
        searched="QNN EP HTP Tile 5D repeats all ones no-op crash segmentation fault",
        witness=Case("grouped_query_attention", {**ONE, **ONE_HEAD}, 0, {"x": np.zeros((1, 1, 1), np.float32)}),
        applies=both(config_is(shared="expanded"), lambda case: case.config["heads"] == case.config["groups"]),
        paths="torch>onnx_from_torch_legacy>*",
    ),
    entry(
        "squeeze_excite",
        shown=DYING,
        reason="the plugin reads beyond a vector where a Gather and a Reshape stand between Transpose and Conv: "
        "Assertion '__n < this->size()' failed",
        searched="onnxruntime-qnn GatherTransposeReshapeFusion crash vector out of range assertion",
        witness=Case("squeeze_excite", {**ONE, **PIXELS}, 0, {"x": np.zeros((1, 3, 4, 5), np.float32)}),
        applies=config_is(layout="NHWC"),
        paths="torch>onnx_from_torch>*",
    ),
    entry(
        "*",
        shown=DYING,
        reason="a tensor without elements ends the process: a division by 0, or memory that is not there",
        searched="QNN EP empty tensor zero dimension batch 0 Failed to compose Qnn graph",
        witness=Case("softplus", {**NOTHING, "inner": [1], **SOFT}, 0, {"x": np.zeros((0, 1), np.float32)}),
        applies=empty,
    ),
    entry(
        "*",
        shown=LOADING,
        reason="the plugin takes tensors without elements, and fails to compose or to finalize its graph of them, or "
        "leaves a convolution for which it has asked for another layout",
        searched="QNN EP empty tensor zero dimension batch 0 Failed to compose Qnn graph",
        witness=Case("conv1d", {**NOTHING, **CONV}, 0, {"x": np.zeros((0, 1, 1), np.float32)}),
        applies=both(empty, lambda case: case.layer not in REFUSED_BEFORE.split()),
    ),
)
