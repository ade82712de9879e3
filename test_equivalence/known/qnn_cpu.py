"""Known divergences of Qualcomm's QNN on its CPU backend."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import (
    beyond_float_precision,
    both,
    config_is,
    either,
    empty,
    in_bfloat16,
    in_half,
    non_finite,
    not_a_number,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

QNN = ("onnxruntime-qnn<=2.3.0",)
NOTHING = {"batch": 0, "dtype": "float32"}
ONE = {"batch": 1, "dtype": "float32"}
WINDOW = {"kernel": [1], "stride": [1], "dilation": [1], "padding": [0, 0], "size": [1]}
SQUARE = {"kernel": [2, 2], "stride": [2, 2], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [3, 3]}
CELL = {"batch": 2, "dtype": "float16", "time": 1, "features": 1, "hidden": 1, "layers": 1, "initial_state": False}
PICKED = {"axis": 1, "picked": 1, "indices": "int64", "negative": True, "inner": [2]}
REFLECTED = {"channels": 1, "size": [1, 2], "mode": "reflect", "padding": [[0, 0], [0, 1]], "value": 0.0}
BICUBIC = {**ONE, "channels": 1, "size": [1, 3], "out_size": [1, 4], "coefficient": -0.75, "align_corners": True}
MULTIPLYING = """
    alibi_attention attention attention_cache_step avg_pool2d batch_norm bidirectional_lstm conv1d conv2d_bn_relu conv3d
    conv_transpose2d depthwise_conv2d einsum gelu glu grouped_query_attention gru hard_activations instance_norm
    inverted_residual l2_normalize lstm mish mixer_block mlp multi_head_attention padded_conv2d patch_embedding
    relative_position_attention resnet_bottleneck rewritten_block rms_norm rnn rotary_attention round scatter silu
    sinusoidal_positions sliding_window_attention squeeze_excite swiglu transformer_decoder_block
    transformer_encoder_block
"""
# Those that tf2onnx writes with Relu, Elu or Softplus.
INLINED = """
    conv2d_bn_relu elu_family mish mixture_of_experts mlp resnet_bottleneck softplus squeeze_excite
    transformer_decoder_block
"""
COMPARING = "clip global_pool hard_activations l2_normalize max_pool2d relu_family round squeeze_excite"
REFUSED_BEFORE = "group_norm grouped_query_attention"


def multiplies(case: Case) -> bool:
    """Whether the layer has a matrix product, a convolution, a product or a sum."""
    return case.layer in MULTIPLYING.split()


def compares(case: Case) -> bool:
    """Whether the layer is a comparison, or starts with one."""
    return case.layer in COMPARING.split()


def negative_index(case: Case) -> bool:
    """Whether an index of the layer is below 0."""
    indices = [case.inputs[name] for name in ("ids", "indices") if name in case.inputs]
    return case.layer in {"embedding_lookup", "gather"} and any(bool((one < 0).any()) for one in indices)


def in_halves_with_gelu(case: Case) -> bool:
    """Whether the layer is a GELU in half precision, or has one."""
    return in_half(case) and (case.layer == "gelu" or case.config.get("activation") == "gelu")


KNOWN = (
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="sums and products are bounded by the greatest and the lowest float32: of infinity comes 3.4e38, and of "
        "NaN as well in MatMul, FullyConnected, the convolutions and ElementWiseMultiply of a computed operand",
        link="none found: onnxruntime QNN EP CPU backend MatMul infinity NaN clamped FLT_MAX",
        versions=QNN,
        witness=Case("silu", {**ONE, "inner": [1]}, 0, {"x": np.array([[np.inf]], np.float32)}),
        applies=both(multiplies, either(non_finite, config_is(mask="key_padding_all"))),
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a comparison forgets NaN: Relu of it is 0, ReluMinMax of it the lower bound, HardSigmoid 1, Sign 1, "
        "and ReduceMax is that of the others",
        link="none found: onnxruntime QNN EP Relu Clip NaN not propagated",
        versions=QNN,
        witness=Case("clip", {**ONE, "inner": [1], "bounds": [-0.5, 0.5]}, 0, {"x": np.array([[np.nan]], np.float32)}),
        applies=both(compares, not_a_number),
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the plugin makes QNN's Gelu, which is the one by erf, of Gelu whatever its attribute `approximate`; "
        "they differ by up to 5e-4",
        link="none found: onnxruntime QNN EP Gelu approximate tanh attribute",
        versions=QNN,
        witness=Case("gelu", {**ONE, "inner": [1], "approximate": "tanh"}, 0, {"x": np.array([[-1.5]], np.float32)}),
        applies=either(config_is(approximate="tanh"), config_is(activation="gelu_tanh")),
        # The other exporters write the formula out.
        paths="torch>onnx_from_torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*pad*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Pad by reflection along the last of four axes does not reflect: it goes on to read the numbers that "
        "follow in memory",
        link="none found: onnxruntime QNN EP Pad reflect mode wrong result CPU backend",
        versions=QNN,
        witness=Case("pad", {**ONE, **REFLECTED}, 0, {"x": np.array([[[[1, 2]]]], np.float32)}),
        applies=config_is(mode="reflect"),
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="gather",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Gather at a negative index that is an input of the model gives 0; one that is a constant the plugin "
        "counts from the end",
        link="none found: onnxruntime QNN EP Gather negative indices dynamic input",
        versions=QNN,
        witness=Case(
            "gather",
            {**ONE, **PICKED},
            0,
            {"x": np.array([[1, 2]], np.float32), "indices": np.array([-1], np.int64)},
        ),
        applies=config_is(negative=True),
        paths="torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Mod of integers becomes a division, a rounding down and a product in float32, and 64-bit integers are "
        "32-bit ones in between, so that great numbers lose their last digits or their first",
        link="none found: onnxruntime QNN EP Mod op int32 int64 precision float division",
        versions=QNN,
        witness=Case(
            "remainder",
            {**ONE, "inner": [], "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([2**31 - 1], np.int32)},
        ),
        applies=beyond_float_precision,
        paths="torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*_pool2d",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="pooling with ceil_mode is taken by the plugin, which then fails to compose the graph",
        link="none found: onnxruntime QNN EP MaxPool AveragePool ceil_mode Failed to compose Qnn graph",
        versions=QNN,
        witness=Case(
            "max_pool2d",
            {**ONE, "channels": 1, "window": SQUARE, "ceil_mode": True},
            0,
            {"x": np.zeros((1, 1, 3, 3), np.float32)},
        ),
        applies=config_is(ceil_mode=True),
        paths="torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="resize_bicubic",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the plugin asks for Resize in another layout, then leaves the node in that layout, which nothing else "
        "runs; another form of Resize it leaves before",
        link="none found: QNN EP Resize cubic was inserted using the NHWC format as requested but was not selected",
        versions=QNN,
        witness=Case("resize_bicubic", BICUBIC, 0, {"x": np.ones((1, 1, 1, 3), np.float32)}),
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="adaptive_avg_pool2d",
        stage=Stage.RUN,
        status=Status.CRASH,
        fix=Fix.UPSTREAM,
        reason="GatherNd with indices of five axes, which is written where windows differ in size, ends the process",
        link="none found: QNN EP CPU backend GatherND indices rank 5 6 crash abort",
        versions=QNN,
        witness=Case(
            "adaptive_avg_pool2d",
            {**ONE, "channels": 1, "size": [2, 3], "out_size": [5, 1]},
            0,
            {"x": np.zeros((1, 1, 2, 3), np.float32)},
        ),
        applies=lambda case: any(
            size % out for size, out in zip(case.config["size"], case.config["out_size"], strict=True)
        ),
        paths="torch>onnx_from_torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the backend refuses a Gelu in half precision, ONNX Runtime inlines the operator as a function, and the "
        "plugin fails on what it takes of that: Zero tensor size!",
        link="https://github.com/onnxruntime/onnxruntime-qnn/pull/795",
        versions=QNN,
        witness=Case(
            "gelu",
            {**ONE, "dtype": "float16", "inner": [1], "approximate": "none"},
            0,
            {"x": np.ones((1, 1), np.float16)},
        ),
        applies=in_halves_with_gelu,
        paths="torch>onnx_from_torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="so it is with Relu, Elu and Softplus at opset 18 and no other: their functions are inlined where they "
        "are of the model's opset, and the plugin fails on what it takes of that: Zero tensor size!",
        link="https://github.com/onnxruntime/onnxruntime-qnn/pull/795",
        versions=QNN,
        witness=Case(
            "softplus",
            {**ONE, "dtype": "float16", "inner": [1], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.ones((1, 1), np.float16)},
        ),
        # tf2onnx takes bfloat16 for float16.
        applies=both(either(in_half, in_bfloat16), lambda case: case.layer in INLINED.split()),
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="group_norm",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the plugin takes tensors without elements, and fails to compose its graph of them",
        link="none found: QNN EP empty tensor zero dimension batch 0 Failed to compose Qnn graph",
        versions=QNN,
        witness=Case(
            "group_norm",
            {
                **NOTHING,
                "groups": 1,
                "channels": 1,
                "spatial": [2],
                "eps": 1e-5,
                "layout": "channels_first",
                "affine": True,
            },
            0,
            {"x": np.zeros((0, 1, 2), np.float32)},
        ),
        applies=empty,
        # PyTorch's exporters write what ONNX Runtime refuses before.
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Gather at a negative index that is an input of the model, as the older exporter leaves it, fails "
        "unless it is -1 alone: QNN graph execute error 6000",
        link="none found: onnxruntime QNN EP Gather negative indices dynamic input execute error 6000",
        versions=QNN,
        witness=Case(
            "embedding_lookup",
            {**ONE, "vocabulary": 2, "embed": 1, "padding": 0, "lookup": "index", "inner": [1], "ids_dtype": "int32"},
            0,
            {"ids": np.array([[-2]], np.int32)},
        ),
        applies=negative_index,
        paths="torch>onnx_from_torch_legacy>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*lstm",
        stage=Stage.LOAD,
        status=Status.CRASH,
        fix=Fix.UPSTREAM,
        reason="LSTM in half precision, which the backend does not have, is taken by the plugin and ends the process",
        link="none found: QNN EP LSTM float16 crash segmentation fault",
        versions=QNN,
        witness=Case("lstm", {**CELL, "bias": True}, 0, {"x": np.zeros((2, 1, 1), np.float16)}),
        applies=in_half,
        # That of tf2onnx it leaves to ONNX Runtime.
        paths="torch>*",
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the plugin takes tensors without elements, and the backend does not: QNN graph execute error 7004",
        link="https://github.com/microsoft/onnxruntime/issues/25334",
        versions=QNN,
        witness=Case("mish", {**NOTHING, "inner": [1]}, 0, {"x": np.zeros((0, 1), np.float32)}),
        applies=empty,
    ),
    KnownDivergence(
        component="qnn_cpu",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the plugin takes tensors without elements, and fails to compose its graph of them, or leaves a "
        "convolution for which it has asked for another layout",
        link="none found: QNN EP empty tensor zero dimension batch 0 Failed to compose Qnn graph",
        versions=QNN,
        witness=Case(
            "conv1d",
            {**NOTHING, "in_channels": 1, "out_channels": 2, "groups": 1, "bias": True, "window": WINDOW},
            0,
            {"x": np.zeros((0, 1, 1), np.float32)},
        ),
        applies=both(empty, lambda case: case.layer not in REFUSED_BEFORE.split()),
    ),
)
