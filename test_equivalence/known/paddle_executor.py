"""Known divergences of Paddle's executor on the CPU, and those of its kernels that Paddle Lite shares."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, empty, not_a_number, spread_along_axis
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

PADDLE = ("paddlepaddle<=2.6.2", "paddlelite<=2.13rc0")


RELU_LAST = {
    "batch": 1,
    "dtype": "float32",
    "inner": [],
    "widths": [1, 1],
    "activation": "relu",
    "activate_last": True,
    "bias": False,
}


# Of the second channel nothing but the gate can be NaN.
SQUEEZED = {
    "batch": 1,
    "dtype": "float32",
    "channels": 2,
    "reduced": 1,
    "height": 1,
    "width": 1,
    "layout": "NCHW",
    "activation": "relu",
    "gate": "sigmoid",
}


def has_relu(case: Case) -> bool:
    """Whether the layer goes through a ReLU."""
    by_config = any(value in {"relu", "relu6"} for value in case.config.values() if isinstance(value, str))
    return by_config or case.layer in {"conv2d_bn_relu", "inverted_residual", "resnet_bottleneck", "mixture_of_experts"}


KNOWN = (
    *(
        KnownDivergence(
            component=component,
            layer="*",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="the kernel of relu on the CPU takes the greater of the number and 0, and of NaN and 0 that is 0"
            + where,
            link="https://github.com/PaddlePaddle/Paddle/issues/79351",
            versions=PADDLE,
            witness=witness,
            applies=both(has_relu, not_a_number),
            paths=paths,
        )
        for component, paths, where, witness in (
            ("paddle_executor", "*", "", Case("mlp", RELU_LAST, 0, {"x": np.array([[np.nan]], np.float32)})),
            (
                "paddle_lite_x86",
                "torch>*",
                "; in Paddle Lite where it follows a convolution",
                Case("squeeze_excite", SQUEEZED, 0, {"x": np.array([[[[np.nan]], [[1]]]], np.float32)}),
            ),
            (
                "paddle_lite_x86",
                "tensorflow>*",
                "; in Paddle Lite where it follows a convolution or an addition, with which it is one kernel then",
                Case("mlp", {**RELU_LAST, "bias": True}, 0, {"x": np.array([[np.nan]], np.float32)}),
            ),
        )
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="log_softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the kernel of log_softmax on the CPU raises what is more than 64 below the greatest entry to that",
        link="https://github.com/PaddlePaddle/Paddle/issues/69859",
        versions=PADDLE,
        witness=Case(
            "log_softmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1},
            0,
            {"x": np.array([[0, -200]], np.float32)},
        ),
        applies=spread_along_axis(60, half=60),
        # X2Paddle makes the last axis the first after the batch for tf2onnx, which is another entry's.
        paths="torch>*",
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the kernel of softmax on the CPU raises what is more than 64 below the greatest entry to that: "
        "1.6e-28, however far below",
        link="https://github.com/PaddlePaddle/Paddle/pull/9686",
        versions=PADDLE,
        witness=Case(
            "softmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1},
            0,
            {"x": np.array([[0, -200]], np.float32)},
        ),
        applies=spread_along_axis(60, half=60),
        paths="torch>*",
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="clip",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the kernel of clip refuses a lower bound above the upper one; elsewhere the upper one wins",
        link="none found: PaddlePaddle/Paddle clip max should be greater than or equal to min error",
        versions=PADDLE,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [1], "bounds": [2.0, -1.5]},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        applies=lambda case: None not in case.config["bounds"] and case.config["bounds"][0] > case.config["bounds"][1],
        paths="torch>*",
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="global_pool",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the kernel of a maximum over pixels on the CPU keeps the greatest so far where that is greater, which "
        "NaN never is: a number after it takes its place",
        link="https://github.com/PaddlePaddle/Paddle/issues/79351",
        versions=PADDLE,
        witness=Case(
            "global_pool",
            {"batch": 1, "dtype": "float32", "channels": 1, "size": [1, 2], "kind": "max", "keep_axes": True},
            0,
            {"x": np.array([[[[np.nan, 1]]]], np.float32)},
        ),
        applies=both(config_is(kind="max"), not_a_number),
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the kernel of maximum on the CPU gives, of NaN and a number, the number",
        link="https://github.com/PaddlePaddle/Paddle/issues/79351",
        versions=PADDLE,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 1e-3},
            0,
            {"x": np.array([[np.nan, 1]], np.float32)},
        ),
        applies=not_a_number,
        # PyTorch's exporter writes Clip, whose kernel keeps NaN.
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="most kernels refuse a tensor without elements, each in its own words: sizes must not be 0, metadata "
        "must be valid",
        link="https://github.com/PaddlePaddle/Paddle/issues/72637",
        versions=PADDLE,
        witness=Case("mlp", {**RELU_LAST, "batch": 0}, 0, {"x": np.zeros((0, 1), np.float32)}),
        applies=empty,
    ),
    KnownDivergence(
        component="paddle_executor",
        layer="adaptive_avg_pool2d",
        stage=Stage.RUN,
        status=Status.CRASH,
        fix=Fix.UPSTREAM,
        reason="the kernel of concat reads where tensors without elements have no memory, and the process dies of it "
        "where there are several channels",
        link="https://github.com/PaddlePaddle/Paddle/issues/72637",
        versions=PADDLE,
        witness=Case(
            "adaptive_avg_pool2d",
            {"batch": 0, "dtype": "float32", "channels": 2, "size": [4, 4], "out_size": [2, 2]},
            0,
            {"x": np.zeros((0, 2, 4, 4), np.float32)},
        ),
        applies=empty,
        paths="tensorflow>*",
    ),
)
