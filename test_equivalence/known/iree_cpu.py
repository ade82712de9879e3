"""Known divergences of IREE's compiler."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import (
    beyond,
    both,
    config_is,
    either,
    in_bfloat16,
    in_half,
    non_finite,
    not_a_number,
    row_near_zero,
)
from nnparity.contracts import Config
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("iree-base-compiler<=3.13.0",)
GRU = {"batch": 2, "dtype": "float32", "time": 2, "features": 1, "hidden": 1, "reset": "after"}


PRODUCT = {"batch": 1, "dtype": "float32", "d": 1, "h": 1, "i": 1, "j": 1, "k": 1}
SCORES = Case(
    "einsum",
    {"batch": 2, "dtype": "float32", "d": 2, "h": 2, "i": 3, "j": 4, "k": 1, "equation": "bhid,bhjd->bhij"},
    0,
    {"left": np.ones((2, 2, 3, 2), np.float32), "right": np.ones((2, 2, 4, 2), np.float32)},
)
GROUPED = Case(
    "grouped_query_attention",
    {
        "batch": 2,
        "dtype": "float32",
        "heads": 2,
        "groups": 2,
        "depth": 4,
        "width": 5,
        "length": 3,
        "shared": "expanded",
        "bias": False,
    },
    0,
    {"x": np.arange(30, dtype=np.float32).reshape(2, 3, 5)},
)
OWN = Case(
    "multi_head_attention",
    {
        "batch": 2,
        "dtype": "float32",
        "cross": False,
        "heads": 2,
        "embed": 8,
        "query_length": 5,
        "key_length": 5,
        "mask": "none",
    },
    0,
    {"x": np.sin(np.arange(80, dtype=np.float32)).reshape(2, 5, 8)},
)
ONE = {"batch": 1, "dtype": "float32"}
LEAVES_A_CELL = {"kernel": [2], "stride": [2], "dilation": [1], "padding": [0, 0], "size": [3]}
SPREAD = {"kernel": [2, 1], "stride": [1, 1], "dilation": [2, 1], "padding": [0, 0, 0, 0], "size": [3, 1]}
OVER_EDGE = {"kernel": [1, 2], "stride": [1, 2], "padding": [0, 0], "size": [1, 3]}


def pooled(count: int, window: Config) -> Case:
    """Return a case of max_pool2d with this window, of as many images and channels."""
    config = {**ONE, "batch": count, "channels": count, "window": window, "ceil_mode": False}
    return Case("max_pool2d", config, 0, {"x": np.ones((count, count, *window["size"]), np.float32)})


ANGLE = {**ONE, "order": "sin_cos", "pairs": 1, "odd": False, "shift": 0, "period": 10000.0, "inner": []}
COMPUTED_SIZES = (
    "Reshape to sizes that the model computes takes a -1 among them for a size instead of for what is left: tf2onnx "
    "writes every Einsum of four axes so, and the product that follows has -1 rows"
)


def nothing_summed(case: Case) -> bool:
    """Whether a product of matrices sums no numbers at all."""
    return config_is(j=0, equation="bij,jk->bik")(case)


def one_window_and_a_rest(case: Case) -> bool:
    """Whether along an axis a window has one place only, and does not reach the end of what it slides over."""
    window = case.config.get("window")
    if not isinstance(window, dict) or case.config.get("ceil_mode"):
        return False
    axes = len(window["size"])
    before, after = window["padding"][:axes], window["padding"][-axes:]
    sizes = [sum(cells) for cells in zip(before, window["size"], after, strict=True)]
    steps = window.get("dilation", [1] * axes)
    return any(
        step == 1 < kernel < size < kernel + stride
        for size, kernel, stride, step in zip(sizes, window["kernel"], window["stride"], steps, strict=True)
    )


def bounds_a_nan(case: Case) -> bool:
    """Whether a NaN comes to a bound: of the inputs, or made of infinities by what stands before ReLU6."""
    return (non_finite if case.layer == "inverted_residual" else not_a_number)(case)


def length_of_one(case: Case) -> bool:
    """Whether a length is taken along axes of one element, all of them known."""
    sizes = (0 if case.open_axes else case.config["batch"], *case.config["inner"])
    return all(sizes[axis] == 1 for axis in case.config["axes"])


def cuts_off(case: Case) -> bool:
    """Whether a border is cut off instead of padded."""
    return any(cells < 0 for pair in case.config["padding"] for cells in pair)


def spread_on_one_axis(case: Case) -> bool:
    """Whether a window leaves cells out along one axis, and none along the other."""
    return sorted(case.config["window"]["dilation"]) == [1, 2]


def below_zero(case: Case) -> bool:
    """Whether an angle is below zero."""
    return bool((case.inputs["t"] < 0).any())


def opened(case: Case) -> bool:
    """Whether the batch is left open."""
    return bool(case.open_axes)


KNOWN = (
    KnownDivergence(
        component="iree_cpu",
        layer="gru rnn",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="onnx.GRU and onnx.RNN are written out with zeros to put their results in, whose sizes are constants "
        "out of the types, -1 where the batch is open, which 'linalg.fill' refuses; the pull request puts LSTM right",
        link="https://github.com/llvm/torch-mlir/pull/4150",
        versions=VERSIONS,
        witness=Case(
            "gru",
            {**GRU, "initial_state": False, "bias": True},
            0,
            {"x": np.ones((3, 2, 1), np.float32)},
            open_axes=("batch",),
        ),
        applies=opened,
        paths="torch>*",
    ),
    *(
        KnownDivergence(
            component="iree_cpu",
            layer="sinusoidal_positions",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="math.sin and math.cos in float32 become polynomials after a reduction of the range in float32: off "
            f"by {off}",
            link="https://github.com/llvm/llvm-project/issues/118784",
            versions=VERSIONS,
            witness=Case("sinusoidal_positions", ANGLE, 0, {"t": np.array([witness], np.float32)}),
            applies=applies,
        )
        for off, applies, witness in (
            (
                "2e-6 at 100, by 3e-4 at 10000, and beyond about 1e9 outside -1 to 1, down to -infinity",
                beyond(1e8),
                1e10,
            ),
            ("6e-8 below 0, where a quarter of a turn is added, so that the sine of -1e-9 is 6e-8", below_zero, -1e-9),
        )
    ),
    *(
        KnownDivergence(
            component="iree_cpu",
            layer=layers,
            stage=stage,
            status=status,
            fix=Fix.UPSTREAM,
            reason=COMPUTED_SIZES,
            link="https://github.com/iree-org/iree/issues/24261",
            versions=VERSIONS,
            witness=witness,
            applies=applies,
            paths="tensorflow>onnx_from_tensorflow>*",
        )
        for layers, stage, status, applies, witness in (
            ("einsum", Stage.RUN, Status.ERROR, config_is(equation="bhid,bhjd->bhij"), SCORES),
            ("grouped_query_attention", Stage.COMPARE, Status.MISMATCH, every_case, GROUPED),
            (
                "multi_head_attention transformer_decoder_block transformer_encoder_block",
                Stage.COMPARE,
                Status.MISMATCH,
                every_case,
                OWN,
            ),
            ("max_pool2d", Stage.RUN, Status.ERROR, spread_on_one_axis, pooled(1, SPREAD)),
        )
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="einsum",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="MatMul that sums no numbers ends iree-compile, after a warning that it reads what nobody has written",
        link="none found: iree-compile crash matmul zero size contraction dimension uninitialized tensor.empty",
        versions=VERSIONS,
        witness=Case(
            "einsum",
            {**PRODUCT, "j": 0, "equation": "bij,jk->bik"},
            0,
            {"left": np.ones((1, 1, 0), np.float32), "right": np.ones((0, 1), np.float32)},
        ),
        applies=nothing_summed,
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="where a window has one place only along an axis, the axis is taken out of the strided convolution or "
        "pooling, and its input must then be as long as the window: one cell more, which no window reaches, and "
        "iree-compile ends with: inferred input/output operand has shape's dimension to be 3, but found 2",
        link="none found: iree linalg.generic inferred input/output operand shape's dimension strided convolution "
        "output size 1 fold unit extent dims",
        versions=VERSIONS,
        witness=Case(
            "conv1d",
            {**ONE, "in_channels": 1, "out_channels": 1, "groups": 1, "window": LEAVES_A_CELL, "bias": False},
            0,
            {"x": np.ones((1, 1, 3), np.float32)},
        ),
        applies=one_window_and_a_rest,
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="avg_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="AveragePool that counts the padding divides by the whole window also where ceil rounding lets it reach "
        "beyond the padding",
        link="https://github.com/iree-org/iree/issues/24580",
        versions=VERSIONS,
        witness=Case(
            "avg_pool2d",
            {**ONE, "channels": 1, "window": OVER_EDGE, "ceil_mode": True, "count_include_pad": True},
            0,
            {"x": np.ones((1, 1, 1, 3), np.float32)},
        ),
        applies=config_is(ceil_mode=True, count_include_pad=True),
        # tf2onnx pads by itself.
        paths="torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="gelu mixer_block mlp transformer_encoder_block",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Gelu by tanh has 0.79772403 for the square root of 2 / pi, which is 0.79788456 (torch-mlir's "
        "TorchToLinalg/Uncategorized.cpp, since the pull request that added it): off by 5e-5 between -1 and 1",
        link="https://github.com/llvm/torch-mlir/pull/2941",
        versions=VERSIONS,
        witness=Case("gelu", {**ONE, "inner": [1], "approximate": "tanh"}, 0, {"x": np.full((1, 1), 0.5, np.float32)}),
        applies=either(config_is(approximate="tanh"), config_is(activation="gelu_tanh")),
        # The other exporters write the formula.
        paths="torch>onnx_from_torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="cumsum",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="CumSum without the element itself is the whole sum less the element, which is NaN after an infinity "
        "and loses what is small beside the element",
        link="https://github.com/llvm/torch-mlir/pull/3241",
        versions=VERSIONS,
        witness=Case(
            "cumsum",
            {**ONE, "inner": [2], "axis": -1, "exclusive": True, "reverse": False},
            0,
            {"x": np.array([[1, 1e8]], np.float32)},
        ),
        applies=config_is(exclusive=True),
        # The layer in PyTorch shifts the numbers before it sums them.
        paths="tensorflow>*",
    ),
    *(
        KnownDivergence(
            component="iree_cpu",
            layer="elu_family",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason=f"{reason} exp(x) - 1 of x from -1/8 on, of which nothing is left near 0, where PyTorch has expm1",
            link=link,
            versions=VERSIONS,
            witness=Case(
                "elu_family", {**ONE, "inner": [2], **config}, 0, {"x": np.array([[-1e-8, -1e-6]], np.float32)}
            ),
            applies=both(kind, row_near_zero(2**-3)),
            # TensorFlow's own Elu and Selu are as imprecise.
            paths="torch>*",
            # All of it is lost, and 2 ** -18 of it is the budget.
            up_to=2.0**18,
        )
        for reason, link, config, kind in (
            (
                "onnx.Elu and onnx.Selu become aten.elu, and torch-mlir's decomposition of that (DecomposeAtenEluOp) "
                "takes",
                "https://github.com/llvm/torch-mlir/pull/2416",
                {"kind": "elu", "alpha": 2.0},
                either(config_is(kind="elu"), config_is(kind="selu")),
            ),
            (
                "torch-mlir's conversion of onnx.Celu (TorchOnnxToTorch) takes",
                "https://github.com/llvm/torch-mlir/pull/2920",
                {"kind": "celu", "alpha": 2.0},
                config_is(kind="celu"),
            ),
        )
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="clip hard_activations inverted_residual l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Clip, Max and Min compare and select, which makes the bound of NaN; Relu keeps it",
        link="none found: torch-mlir onnx.Clip aten.clamp NaN propagation cmpf select returns bound",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {**ONE, "inner": [1], "bounds": [-1.0, 1.0]},
            0,
            {"x": np.full((1, 1), np.nan, np.float32)},
        ),
        applies=bounds_a_nan,
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="l2_normalize",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="ReduceL2 along an axis of one element ends iree-compile: dialect conversion attempted to replace a "
        "root operation that has no parent block",
        link="none found: torch-mlir onnx.ReduceL2 size 1 replace a root operation that has no parent block",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {**ONE, "inner": [1], "axes": [-1], "eps": 1e-12},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        applies=length_of_one,
        paths="torch>onnx_from_torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="pad",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Pad by fewer than no cells is not compiled: expected offsets to be non-negative, slice runs "
        "out-of-bounds, or 'tensor.cast' op are cast incompatible",
        link="none found: torch-mlir onnx.Pad negative pads expected offsets to be non-negative iree",
        versions=VERSIONS,
        witness=Case(
            "pad",
            {**ONE, "channels": 1, "size": [2], "mode": "constant", "padding": [[-1, 0]], "value": 0.0},
            0,
            {"x": np.ones((1, 1, 2), np.float32)},
        ),
        applies=cuts_off,
        paths="torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="max_pool2d",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="TensorFlow writes a dilated pooling as BatchToSpaceND, whose Slice ends where the model computes; its "
        "sizes stay open, and Transpose to sizes that are known is refused: dim(result, 0) doesn't match dim(input)",
        link="none found: iree linalg.transpose dim(result) doesn't match dim(input, permutation) onnx Slice Transpose",
        versions=VERSIONS,
        witness=pooled(2, {**SPREAD, "kernel": [2, 2], "size": [4, 4]}),
        applies=spread_on_one_axis,
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="padded_conv2d",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Pad in mode wrap, circular padding, keeps iree-compile busy for ever; nnparity does not give it one",
        link="https://github.com/iree-org/iree/issues/24585",
        versions=VERSIONS,
        witness=Case(
            "padded_conv2d",
            {
                **ONE,
                "in_channels": 1,
                "out_channels": 1,
                "size": [1, 1],
                "kernel": [1, 1],
                "stride": 1,
                "padding": [0, 1],
                "mode": "circular",
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 1, 1), np.float32)},
        ),
        applies=config_is(mode="circular"),
        # The other exporters write Slice and Concat.
        paths="torch>onnx_from_torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="resize_bicubic resize_bilinear",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Resize that interpolates computes its places in float32 and multiplies by them what is of half "
        "precision: 'arith.mulf' op requires the same type for all operands and results",
        link="none found: torch-mlir onnx.Resize float16 bilinear 'arith.mulf' op requires the same type",
        versions=VERSIONS,
        witness=Case(
            "resize_bilinear",
            {
                **ONE,
                "dtype": "float16",
                "channels": 1,
                "size": [1, 2],
                "out_size": [1, 3],
                "align_corners": False,
            },
            0,
            {"x": np.ones((1, 1, 1, 2), np.float16)},
        ),
        applies=either(in_half, in_bfloat16),
    ),
)
