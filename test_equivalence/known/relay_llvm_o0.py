"""What TVM 0.19's kernels for CPUs are known to get wrong, with and without graph optimisations."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, in_half, non_finite, not_a_number
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)


def activated(case: Case, activation: str) -> bool:
    """Whether the layer applies it; a single linear layer may name an activation and have none."""
    config = case.config
    applied = config.get("activate_last", True) or len(config["widths"]) > 2
    return bool(config.get("activation") == activation and applied)


def rectifies(case: Case) -> bool:
    """Whether the layer takes the greater or the smaller of an entry and a bound; Keras does so for PReLU."""
    return (
        activated(case, "relu")
        or case.config.get("nonlinearity") == "relu"
        or case.layer in {"conv2d_bn_relu", "resnet_bottleneck", "inverted_residual", "mixture_of_experts"}
        or case.config.get("kind") in {"relu", "relu6", "prelu", "hardtanh", "hardsigmoid"}
    )


def bounds_a_length(case: Case) -> bool:
    return case.layer == "l2_normalize"


def takes_maximum(case: Case) -> bool:
    """Whether the layer is a maximum of several numbers."""
    return case.layer == "max_pool2d" or case.config.get("kind") == "max"


def tanh_of_small_numbers(case: Case) -> bool:
    """Whether the layer computes a tanh of something small.

    That is where some row of an input, none of it beyond 1, is not wholly zero, and where the gates of an LSTM are so
    far from zero that they leave next to nothing of its cell.
    """
    rows = [np.abs(array).max(axis=-1, initial=0) for array in case.inputs.values() if array.dtype.kind == "f"]
    small = any(bool(((row > 0) & (row <= 1)).any()) for row in rows)
    has_cell = case.layer in {"lstm", "bidirectional_lstm"}
    recurrent = has_cell or case.layer == "gru" or case.config.get("nonlinearity") == "tanh"
    return (small and (recurrent or activated(case, "tanh"))) or (has_cell and beyond(4)(case))


def single_along_an_axis(case: Case) -> bool:
    """Whether some input has one element along some axis."""
    return any(1 in array.shape for array in case.inputs.values() if array.dtype.kind == "f")


def floors_integers(case: Case) -> bool:
    """Whether the layer divides more than one integer at once and rounds the quotients down."""
    floors = case.config.get("mode") == "floor" or case.config.get("sign_of") == "divisor"
    return floors and case.config.get("numbers") in {"int32", "int64"} and case.inputs["x"].size > 1


def vector_of_integers(paths: str) -> KnownDivergence:
    return KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason=(
            "floor_divide and floor_mod of a vector of integers bind their quotient and remainder to variables, for "
            "which the code generator writes debug records that LLVM accepts for pointers and single integers only: "
            "LLVM module verification failed (target/llvm/codegen_llvm.cc)"
        ),
        link="https://github.com/apache/tvm/issues/18585",
        versions=VERSIONS,
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [2], "numbers": "int32", "sign_of": "divisor"},
            seed=0,
            inputs={"x": np.array([[-1, 1]], dtype=np.int32)},
        ),
        applies=floors_integers,
        paths=paths,
    )


def halfway(case: Case) -> bool:
    """Whether a number to be rounded lies halfway between two whole ones."""
    return any(bool((np.abs(array - np.trunc(array)) == 0.5).any()) for array in case.inputs.values())


def from_the_end(case: Case) -> bool:
    """Whether an index counts from the end."""
    return bool((case.inputs["indices"] < 0).any())


def negative_index(paths: str) -> KnownDivergence:
    return KnownDivergence(
        component="relay_llvm_o0",
        layer="gather",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "adv_index and gather_nd take a negative index for an offset before the tensor and read what lies there; "
            "neither the kernels nor the front ends, which are asked to count from the end, add the length"
        ),
        link="https://github.com/apache/tvm/issues/20297",
        versions=VERSIONS,
        # The second row is wrong in any case: it gets the last entry of the first.
        witness=Case(
            "gather",
            {
                "batch": 2,
                "dtype": "float32",
                "inner": [2],
                "axis": 1,
                "picked": 1,
                "indices": "int64",
                "negative": True,
            },
            seed=0,
            inputs={"x": np.array([[1, 2], [3, 4]], dtype=np.float32), "indices": np.array([-1], dtype=np.int64)},
        ),
        applies=from_the_end,
        paths=paths,
    )


def aligns_one_pixel(case: Case) -> bool:
    """Whether corners are aligned of an output of one row or column."""
    return bool(case.config.get("align_corners")) and 1 in case.config["out_size"]


def crops_to_one_pixel(case: Case) -> bool:
    """Whether a transposed convolution with a stride and padding has one row or column."""
    config = case.config
    if case.layer != "conv_transpose2d":
        return False
    keys = ("size", "stride", "padding", "kernel", "output_padding")
    sizes = [
        (size - 1) * stride - 2 * pad + kernel + extra
        for size, stride, pad, kernel, extra in zip(*(config[key] for key in keys), strict=True)
    ]
    return 1 in sizes and max(config["stride"]) > 1 and any(config["padding"])


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


def bounds_crossed(case: Case) -> bool:
    """Whether the lower bound is above the upper one."""
    lower, upper = case.config["bounds"]
    return None not in {lower, upper} and lower > upper


def clip_order(paths: str) -> KnownDivergence:
    return KnownDivergence(
        component="relay_llvm_o0",
        layer="clip",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "clip takes the minimum first, so that the lower bound wins where it is above the upper one (topi/math.py, "
            "clip); PyTorch, NumPy and, since its version 1.18, ONNX say that the upper one does"
        ),
        link="none found: TVM ONNX Clip min greater than max wrong order topi clip",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [], "bounds": [2.0, -1.5]},
            seed=0,
            inputs={"x": np.array([0.0], dtype=np.float32)},
        ),
        applies=bounds_crossed,
        paths=paths,
    )


def bound_for_nan(paths: str) -> KnownDivergence:
    return KnownDivergence(
        component="relay_llvm_o0",
        layer="clip",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "maximum(NaN, bound) is the bound: it compiles to a comparison and a selection, which take the second "
            "operand where the first is NaN (tir.max in target/llvm/codegen_llvm.cc)"
        ),
        link="https://github.com/apache/tvm/issues/19579",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [], "bounds": [-0.5, None]},
            seed=0,
            inputs={"x": np.array([np.nan], dtype=np.float32)},
        ),
        applies=non_finite,
        paths=paths,
    )


AT_EVERY_LEVEL: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "relu(NaN) is 0, relu6(NaN) is 6: a maximum and a minimum compile to a comparison and a selection, which "
            "take the second operand where the first is NaN, and so does max pooling (topi relu, clip, tir.max in "
            "target/llvm/codegen_llvm.cc)"
        ),
        link="https://github.com/apache/tvm/issues/19579",
        versions=VERSIONS,
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "relu",
                "activate_last": True,
                "bias": False,
            },
            seed=0,
            inputs={"x": np.array([[np.nan]], dtype=np.float32)},
        ),
        applies=either(both(rectifies, non_finite), both(either(takes_maximum, bounds_a_length), not_a_number)),
    ),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "tanh is computed as (1 - exp(-2x)) / (1 + exp(-2x)), which cancels near 0: tanh(1e-5) is 0.14 % off, "
            "tanh(1e-8) is 0 (target/intrin_rule.cc, DispatchNumericalStableTanh)"
        ),
        link="none found: tvm llvm tanh small input precision cancellation",
        versions=VERSIONS,
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "tanh",
                "activate_last": True,
                "bias": False,
            },
            seed=0,
            inputs={"x": np.array([[1e-8]], dtype=np.float32)},
        ),
        applies=tanh_of_small_numbers,
    ),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "x - x is taken for 0 where x is NaN or infinite, on purpose, as a comment there says "
            "(arith/rewrite_simplify.cc, SubNode); litert-torch writes it for a softmax over one element"
        ),
        link="https://github.com/apache/tvm/issues/19503",
        versions=VERSIONS,
        witness=Case(
            "softmax",
            {"batch": 1, "dtype": "float32", "inner": [1], "axis": -1},
            seed=0,
            inputs={"x": np.array([[np.nan]], dtype=np.float32)},
        ),
        applies=both(single_along_an_axis, non_finite),
        paths="torch>tflite_from_torch>relay_from_tflite>*",
    ),
    # tf2onnx writes a division towards zero instead, which is wrong in its own way.
    vector_of_integers("torch>* tensorflow>tflite_from_tensorflow>*"),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="round",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "round compiles to llvm.round, which takes halves away from zero and not to the even number, as its own "
            "constant folding does (target/llvm/intrin_rule_llvm.cc); mended after the last version with Relay"
        ),
        link="https://github.com/apache/tvm/pull/19368",
        versions=VERSIONS,
        witness=Case(
            "round",
            {"batch": 1, "dtype": "float32", "inner": [], "mode": "round"},
            seed=0,
            inputs={"x": np.array([2.5], dtype=np.float32)},
        ),
        applies=both(config_is(mode="round"), halfway),
        # The ONNX front end writes out a rounding to the even number.
        paths="*>relay_from_t*",
    ),
    negative_index("torch>onnx_from_torch>relay_from_onnx>* torch>torchscript_from_torch>*"),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason=(
            "image.resize2d with align_corners to one row or column: `Divide by zero`, by the size of the output less "
            "one (topi/image/resize.py); litert-torch makes such a thing of some transposed convolutions, too"
        ),
        link="none found: tvm resize2d align_corners output size 1 Divide by zero const_fold",
        versions=VERSIONS,
        witness=Case(
            "resize_bilinear",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [2, 2],
                "out_size": [1, 2],
                "align_corners": True,
            },
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        applies=either(aligns_one_pixel, crops_to_one_pixel),
    ),
    # TFLite files have a minimum and a maximum instead.
    clip_order("torch>onnx_from_torch* torch>torchscript_from_torch>*"),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="variance",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "x - x is taken for 0 where x is NaN or infinite, on purpose, as a comment there says "
            "(arith/rewrite_simplify.cc, SubNode), and the mean of one entry is that entry"
        ),
        link="https://github.com/apache/tvm/issues/19503",
        versions=VERSIONS,
        witness=Case(
            "variance",
            {"batch": 1, "dtype": "float32", "inner": [1], "axis": 1, "correction": 0, "keepdims": False},
            seed=0,
            inputs={"x": np.array([[np.nan]], dtype=np.float32)},
        ),
        applies=both(single_along_an_axis, non_finite),
        paths="tensorflow>tflite_from_tensorflow>*",
    ),
    bound_for_nan("tensorflow>* torch>tflite_from_torch>*"),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="clip",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "clip of half precision makes its upper bound of NaN, which in float32 stays one: the minimum takes the "
            "second operand where the first is NaN (tir.min in target/llvm/codegen_llvm.cc)"
        ),
        link="https://github.com/apache/tvm/issues/19579",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float16", "inner": [2], "bounds": [-1.0, 1.0]},
            seed=0,
            inputs={"x": np.array([[np.nan, 0]], dtype=np.float16)},
        ),
        applies=both(in_half, not_a_number),
        paths="torch>*",
    ),
)


def takes_erf(case: Case) -> bool:
    """Whether the layer has a GELU that is not the approximation by tanh."""
    return (
        case.layer in {"gelu", "mixer_block", "rewritten_block", "transformer_encoder_block"}
        and "tanh" not in case.config.values()
    )


KNOWN: tuple[KnownDivergence, ...] = (
    *AT_EVERY_LEVEL,
    KnownDivergence(
        component="relay_llvm_o0",
        layer="conv_transpose2d",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "nn.conv2d_transpose with the channels last, as TFLite has them, raises AssertionError, in words that "
            "declare it, but of a class that says nothing; from level 1 on Legalize puts the channels first"
        ),
        link="none found: tvm conv2d_transpose strategy x86 only support nchw for now NHWC",
        versions=VERSIONS,
        witness=Case(
            "conv_transpose2d",
            TRANSPOSED,
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        paths="*>relay_from_tflite>*",
    ),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "LLVM code generation has nothing for erf of half precision; from level 1 on Legalize computes it in "
            "float32 (topi/x86/math_alter_op.py). TVM 0.20 has no Relay"
        ),
        link="none found: tvm llvm codegen erf float16 unresolved intrinsic",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float16", "inner": [1], "approximate": "none"},
            seed=0,
            inputs={"x": np.ones((1, 1), dtype=np.float16)},
        ),
        applies=both(in_half, takes_erf),
    ),
)
