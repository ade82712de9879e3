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
        link=f"none found: {searched}",
        versions=("tensorrt-rtx-cu12<=1.7.1.116",),
        witness=witness,
        applies=in_bfloat16,
        paths="torch>onnx_from_torch>*",
    )
    for setting in ("tensorrt_rtx", "tensorrt_rtx_default")
    for reason, searched, witness in (
        (
            "a transposed convolution in bfloat16 is parsed and does not compile: Could not infer output types",
            "TensorRT RTX deconvolution bfloat16 Could not infer output types for operation",
            Case("conv_transpose2d", {**ONE, **TRANSPOSED}, 0, {"x": np.ones((1, 1, 1, 1), "bfloat16")}),
        ),
        (
            "GRU in bfloat16 is parsed with parts in float32, which do not go together",
            "TensorRT ONNX parser GRU bfloat16 ElementWise API Usage Error",
            Case("gru", {**ONE, **CELL}, 0, {"x": np.ones((1, 1, 1), "bfloat16")}),
        ),
    )
)
