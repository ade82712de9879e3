"""Known divergences of TensorRT for RTX where it compiles; without a GPU it runs nothing."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is, in_bfloat16
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = {"batch": 1, "dtype": "bfloat16"}
SINGLE = {"batch": 1, "dtype": "float32"}
TRANSPOSED = {"in_channels": 1, "out_channels": 1, "groups": 1, "bias": True, "size": [1, 1], "kernel": [1, 1]}
TRANSPOSED = {**TRANSPOSED, "stride": [1, 1], "padding": [0, 0], "output_padding": [0, 0]}
CELL = {"time": 1, "features": 1, "hidden": 1, "initial_state": False, "bias": True, "reset": "after"}
DILATED = {"kernel": [2, 1], "stride": [1, 1], "dilation": [2, 1], "padding": [0, 0, 0, 0], "size": [3, 1]}
PIXEL = {"patch": 1, "rows": 1, "columns": 1, "embed": 1, "class_token": False}


def dilated(case: Case) -> bool:
    """Whether the window has gaps."""
    return bool(max(case.config["window"]["dilation"]) > 1)


KNOWN = tuple(
    KnownDivergence(
        component=setting,
        layer=witness.layer,
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=("tensorrt-rtx-cu12<=1.7.1.116",),
        witness=witness,
        applies=applies,
        paths=paths,
    )
    for setting in ("tensorrt_rtx", "tensorrt_rtx_default")
    for reason, link, witness, applies, paths in (
        (
            "a transposed convolution in bfloat16 is parsed and does not compile: Could not infer output types",
            "https://github.com/NVIDIA/TensorRT-Incubator/issues/565",
            Case("conv_transpose2d", {**ONE, **TRANSPOSED}, 0, {"x": np.ones((1, 1, 1, 1), "bfloat16")}),
            in_bfloat16,
            "torch>*",
        ),
        (
            "GRU in bfloat16 is parsed with parts in float32, which do not go together",
            "none found: NVIDIA TensorRT ONNX parser GRU bfloat16 ElementWise must have same type Float BFloat16",
            Case("gru", {**ONE, **CELL}, 0, {"x": np.ones((1, 1, 1), "bfloat16")}),
            in_bfloat16,
            "torch>*",
        ),
        (
            "Pad of integers, by which tf2onnx computes the paddings of a dilated window, by counts that are computed "
            "themselves is refused: Only support constant zero padding for slicing a shape tensor",
            "https://github.com/NVIDIA/TensorRT/issues/2578",
            Case(
                "max_pool2d",
                {**SINGLE, "channels": 1, "window": DILATED, "ceil_mode": False},
                0,
                {"x": np.ones((1, 1, 3, 1), np.float32)},
            ),
            dilated,
            "tensorflow>*",
        ),
        (
            "an Add after a Reshape of a convolution by one weight of one pixel goes into the convolution as a bias of "
            "three axes, and the compiler ends: CHECK(nbdims_bias == 4 || nbdims_bias == 5) failed",
            "none found: TensorRT Myelin convolution_common.cpp CHECK nbdims_bias",
            Case(
                "patch_embedding",
                {**SINGLE, **PIXEL, "channels": 1, "layout": "NCHW"},
                0,
                {"x": np.ones((1, 1, 1, 1), np.float32)},
            ),
            config_is(**PIXEL),
            "tensorflow>*",
        ),
    )
)
