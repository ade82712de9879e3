"""Known divergences of LiteRT with its default delegate, XNNPACK."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, empty, in_half, non_finite, not_a_number
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

XNNPACK = load_file(Path(__file__).with_name("executorch_xnnpack.py"))

POINT = {"kernel": [1, 1], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 1]}


def has_logistic(case: Case) -> bool:
    """Whether the layer goes through a logistic function."""
    by_config = case.config.get("activation") == "silu" or case.config.get("gate") == "sigmoid"
    return by_config or case.layer in {"lstm", "bidirectional_lstm", "gru", "silu", "glu", "swiglu"}


def multiplies_matrices(case: Case) -> bool:
    """Whether NaN comes to the output through a product of matrices."""
    return case.layer in {"einsum", "swiglu"} or "attention" in case.layer


def exponentiates(case: Case) -> bool:
    """Whether the layer takes the exponential of its input as it is."""
    return case.layer in {"softplus", "elu_family"}


def along_inner_axis(case: Case) -> bool:
    """Whether the axis of a softmax is not the last one."""
    return case.config["axis"] not in {-1, len(case.config["inner"])}


SQUARE = {"kernel": [2, 2], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [2, 2]}
MAX_OF_SQUARE = {"batch": 1, "dtype": "float32", "channels": 1, "window": SQUARE, "ceil_mode": False}
THIRD_NAN = np.array([[[[4, 3], [np.nan, 1]]]], np.float32)
GLOBAL_MAX = {"batch": 1, "dtype": "float32", "channels": 1, "size": [2, 2], "kind": "max", "keep_axes": True}
SECOND_OF_FOUR_NAN = np.array([[[[4, np.nan], [3, 2]]]], np.float32)


def exp_drops_nan(x: np.ndarray, *, paths: str) -> KnownDivergence:
    return KnownDivergence(
        component="litert_xnnpack",
        layer="logsumexp",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="EXP of NaN is 0, so the sum of exponentials has no NaN where an entry is one; XNNPACK promises nothing "
        "for NaN",
        link="https://github.com/tensorflow/tfjs/pull/3855",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "logsumexp",
            {"batch": len(x), "dtype": "float32", "inner": [x.shape[1]], "axis": 0, "keepdims": False},
            0,
            {"x": x},
        ),
        applies=non_finite,
        paths=paths,
    )


KNOWN = (
    KnownDivergence(
        component="litert_xnnpack",
        layer="*softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="EXP of NaN is 0, so a softmax that is written out as EXP, SUM and DIV drops a NaN from its row; "
        "XNNPACK promises nothing for NaN",
        link="https://github.com/tensorflow/tfjs/pull/3855",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "softmax",
            {"batch": 2, "dtype": "float32", "inner": [1], "axis": 0},
            0,
            {"x": np.array([[np.nan], [1]], np.float32)},
        ),
        applies=both(along_inner_axis, non_finite),
        # litert-torch writes the softmax along any axis but the last one out; TensorFlow's converter transposes.
        paths="torch>tflite_from_torch>litert_xnnpack",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LOGISTIC of a number beyond about 1e28 is NaN, not 0 or 1: the reduction of the range in the kernel "
        "for AVX-512 overflows; the one for AVX2 is right",
        link="https://github.com/tensorflow/tensorflow/issues/118391",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "silu",
                "activate_last": True,
                "bias": False,
            },
            0,
            {"x": np.array([[1e30]], np.float32)},
        ),
        applies=both(has_logistic, beyond(1e27)),
        processor="avx512f",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="max_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="MAX_POOL_2D forgets a NaN, or what came before it, as the order goes; XNNPACK promises nothing for NaN",
        link="none found: XNNPACK LiteRT MAX_POOL_2D NaN not propagated",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case("max_pool2d", MAX_OF_SQUARE, 0, {"x": THIRD_NAN}),
        applies=not_a_number,
        paths="torch>*",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer=XNNPACK.CONVOLVING,
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a convolution that makes one channel of one runs with 3, 4, 9 or 25 taps, those too many of weight "
        "zero on the next pixels, where 0 times an infinity or NaN is NaN: with another number of taps below 25",
        link="none found: XNNPACK depthwise convolution primary tile zero weight padding taps infinity NaN",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "conv2d_bn_relu",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "window": POINT,
                "layout": "NHWC",
                "bias": False,
                "eps": 1e-5,
            },
            0,
            {"x": np.full((1, 1, 1, 1), np.inf, np.float32)},
        ),
        applies=both(non_finite, XNNPACK.has_spare_taps),
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="subnormal numbers are flushed to zero, so a softmax weight of 1e-44 times infinity is NaN, not "
        "infinity",
        link="none found: XNNPACK flush denormals to zero softmax subnormal TFLite",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 2,
                "depth": 1,
                "mask": "none",
            },
            0,
            {
                "q": np.full((1, 1, 1, 1), 1, np.float32),
                "k": np.array([0, -100], np.float32).reshape(1, 1, 2, 1),
                "v": np.array([1, np.inf], np.float32).reshape(1, 1, 2, 1),
            },
        ),
        applies=non_finite,
        # TensorFlow flushes them, too.
        paths="torch>tflite_from_torch>litert_xnnpack",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="REDUCE_MAX forgets a NaN as the order of its comparisons goes; XNNPACK promises nothing for NaN",
        link="none found: XNNPACK LiteRT REDUCE_MAX NaN not propagated",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case("global_pool", GLOBAL_MAX, 0, {"x": SECOND_OF_FOUR_NAN}),
        applies=both(either(config_is(kind="max"), config_is(gate="greatest")), not_a_number),
        # litert-torch has no lowering for it.
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="sinusoidal_positions",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="SIN and COS of numbers beyond about 1e9 lie outside [-1, 1]: the reduction of the range runs out of "
        "digits; -4891 at 1e10, NaN from 1e18 on",
        link="https://github.com/google-ai-edge/LiteRT/issues/9020",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "sinusoidal_positions",
            {
                "batch": 1,
                "dtype": "float32",
                "order": "sin_cos",
                "pairs": 1,
                "odd": False,
                "shift": 0,
                "period": 10000.0,
                "inner": [],
            },
            0,
            {"t": np.array([1e10], np.float32)},
        ),
        applies=beyond(1e9),
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="conv3d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="XNNPACK leaves CONV_3D to the built-in kernel, which clamps its result to the greatest float32 as its "
        "fused activation, none included",
        link="https://github.com/tensorflow/tensorflow/issues/45312",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "conv3d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "window": {
                    "kernel": [1, 1, 1],
                    "stride": [1, 1, 1],
                    "dilation": [1, 1, 1],
                    "padding": [0, 0, 0, 0, 0, 0],
                    "size": [1, 1, 1],
                },
                "bias": False,
            },
            0,
            {"x": np.full((1, 1, 1, 1, 1), np.inf, np.float32)},
        ),
        applies=non_finite,
    ),
    exp_drops_nan(np.array([[1], [np.nan]], np.float32), paths="tensorflow>*"),
    exp_drops_nan(np.array([[np.nan, 0], [1, 2], [3, 4]], np.float32), paths="torch>*"),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="EXP of NaN is 0, so softplus, which both converters write as LOG of 1 + EXP, is 0, and ELU or SELU, "
        "where they write it as EXP less 1, is -alpha; XNNPACK promises nothing for NaN",
        link="https://github.com/tensorflow/tfjs/pull/3855",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "softplus",
            {"batch": 1, "dtype": "float32", "inner": [2], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.array([[np.nan, 1]], np.float32)},
        ),
        applies=both(exponentiates, not_a_number),
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*avg_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="AVERAGE_POOL_2D makes a NaN the lower bound of its fused activation, which is -infinity where there is "
        "none; XNNPACK promises nothing for NaN",
        link="none found: XNNPACK LiteRT AVERAGE_POOL_2D NaN -infinity clamp",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "adaptive_avg_pool2d",
            {"batch": 1, "dtype": "float32", "channels": 2, "size": [4, 4], "out_size": [2, 2]},
            0,
            {"x": np.where(np.arange(32) == 5, np.nan, 1.0).astype(np.float32).reshape(1, 2, 4, 4)},
        ),
        applies=not_a_number,
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*avg_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="averaging in half precision ends in a clamp that makes -infinity of NaN, from PyTorch too; XNNPACK "
        "promises nothing for NaN",
        link="none found: XNNPACK f16 average NaN minus infinity clamp",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "adaptive_avg_pool2d",
            {"batch": 1, "dtype": "float16", "channels": 2, "size": [6, 4], "out_size": [3, 2]},
            0,
            {"x": np.where(np.arange(48) == 5, np.nan, 1.0).astype(np.float16).reshape(1, 2, 6, 4)},
        ),
        applies=both(in_half, non_finite),
        paths="torch>*",
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="the product of matrices of half precision ends in a clamp that makes -infinity of NaN; XNNPACK "
        "promises nothing for NaN",
        link="none found: XNNPACK f16 gemm NaN minus infinity clamp",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "einsum",
            {"batch": 1, "dtype": "float16", "d": 1, "h": 1, "i": 1, "j": 1, "k": 1, "equation": "bij,jk->bik"},
            0,
            {"left": np.ones((1, 1, 1), np.float16), "right": np.array([[np.nan]], np.float16)},
        ),
        applies=both(both(in_half, non_finite), multiplies_matrices),
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="einsum",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the delegate takes a matrix product whose inner axis has size 0, and then fails to prepare it, where "
        "the built-in kernel gives zeros",
        link="none found: XNNPACK delegate failed to reshape runtime zero size inner axis matrix product",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "einsum",
            {
                "batch": 1,
                "dtype": "float32",
                "equation": "bij,jk->bik",
                "d": 1,
                "h": 1,
                "i": 1,
                "j": 0,
                "k": 1,
            },
            seed=0,
            inputs={"left": np.ones((1, 1, 0), dtype=np.float32), "right": np.ones((0, 1), dtype=np.float32)},
        ),
        applies=both(config_is(equation="bij,jk->bik"), empty),
    ),
    KnownDivergence(
        component="litert_xnnpack",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="TensorFlow's converter folds an output without elements into a constant, and get_tensor refuses a "
        "constant of 0 bytes: Invalid tensor size",
        link="https://github.com/tensorflow/tensorflow/issues/57084",
        versions=("ai-edge-litert<=2.3.0",),
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [0], "approximate": "none"},
            seed=0,
            inputs={"x": np.ones((1, 0), dtype=np.float32)},
        ),
        applies=empty,
        # litert-torch keeps most operators; what it folds is in no_rows.py.
        paths="tensorflow>tflite_from_tensorflow>litert_xnnpack",
    ),
)
