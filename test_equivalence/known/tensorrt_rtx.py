"""Known divergences of TensorRT for RTX where it compiles; without a GPU it runs nothing."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import in_bfloat16
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = {"batch": 1, "dtype": "bfloat16"}
TRANSPOSED = {"in_channels": 1, "out_channels": 1, "groups": 1, "bias": True, "size": [1, 1], "kernel": [1, 1]}
TRANSPOSED = {**TRANSPOSED, "stride": [1, 1], "padding": [0, 0], "output_padding": [0, 0]}
CELL = {"time": 1, "features": 1, "hidden": 1, "initial_state": False, "bias": True, "reset": "after"}

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
        applies=in_bfloat16,
        paths="torch>*",
    )
    for setting in ("tensorrt_rtx", "tensorrt_rtx_default")
    for reason, link, witness in (
        (
            "a transposed convolution in bfloat16 is parsed and does not compile: Could not infer output types",
            "https://github.com/NVIDIA/TensorRT-Incubator/issues/565",
            Case("conv_transpose2d", {**ONE, **TRANSPOSED}, 0, {"x": np.ones((1, 1, 1, 1), "bfloat16")}),
        ),
        (
            "GRU in bfloat16 is parsed with parts in float32, which do not go together",
            "none found: NVIDIA TensorRT ONNX parser GRU bfloat16 ElementWise must have same type Float BFloat16",
            Case("gru", {**ONE, **CELL}, 0, {"x": np.ones((1, 1, 1), "bfloat16")}),
        ),
    )
)
