"""Known divergences of OpenVINO's ONNX front end."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

NAMES = ("openvino_from_onnx", "openvino_from_onnx_unfused")
VERSIONS = ("openvino<=2026.4.1",)
SUMMED = {"batch": 1, "dtype": "float32", "inner": [2], "axis": 1, "keepdims": False}
RESIZED = {"channels": 1, "size": [3, 4], "out_size": [6, 5], "coefficient": -0.5, "align_corners": False}
SQUARE = np.ones((2, 2), np.float32)
MIXED = {"batch": 2, "dtype": "float32", "equation": "bi,bij->bj", **dict.fromkeys("dhijk", 2)}
CORNER = np.eye(3, 4, dtype=np.float32).reshape(1, 1, 3, 4)

KNOWN = tuple(
    entry
    for name in NAMES
    for entry in (
        KnownDivergence(
            component=name,
            layer="logsumexp",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="the attribute axes of ReduceLogSumExp before opset 18 is not read, so that all axes are reduced",
            link="https://github.com/openvinotoolkit/openvino/issues/38238",
            versions=VERSIONS,
            witness=Case("logsumexp", SUMMED, 0, {"x": np.ones((1, 2), np.float32)}),
            # The others write opset 20, or take the operator apart.
            paths="torch>onnx_from_torch_legacy>*",
        ),
        KnownDivergence(
            component=name,
            layer="resize_bicubic",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="the attribute exclude_outside of Resize is ignored, so that weights of pixels outside the image "
            "stay with those of its edge; so is antialias, which comes with it",
            link="https://github.com/openvinotoolkit/openvino/issues/35893",
            versions=VERSIONS,
            witness=Case("resize_bicubic", {"batch": 1, "dtype": "float32", **RESIZED}, 0, {"x": CORNER}),
            applies=config_is(coefficient=-0.5),
        ),
        KnownDivergence(
            component=name,
            layer="einsum",
            stage=Stage.CONVERT,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason="an initialiser without elements becomes the scalar 0, so that Unsqueeze along no axis, as tf2onnx "
            "writes it for Einsum, adds a first one",
            link="https://github.com/openvinotoolkit/openvino/pull/1776",
            versions=VERSIONS,
            witness=Case(
                "einsum", MIXED, 0, {"left": np.ones((2, 2), np.float32), "right": np.ones((2, 2, 2), np.float32)}
            ),
            applies=config_is(equation="bi,bij->bj"),
            paths="tensorflow>*",
        ),
    )
)
