"""What OpenVINO's reader of TFLite files is known to get wrong."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is, empty
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("openvino<=2026.4.1",)
ONE = {"batch": 1, "dtype": "float32"}
NONE = {"batch": 0, "dtype": "float32"}
CHOSEN = {**NONE, "length": 1, "width": 1, "hidden": 1, "experts": 2, "chosen": 1}
POOLED = {**NONE, "channels": 1, "size": [2, 2], "out_size": [1, 1]}
RESIZED = {**NONE, "channels": 1, "size": [1, 1], "out_size": [2, 2], "align_corners": False}
WHOLE = {"inner": [2], "numbers": "int32", "sign_of": "divisor"}
CONSTANT = "a result without elements is a constant in the file, and OpenVINO's model has no such output"
NO_OUTPUT = "none found: openvino tflite frontend constant output model has no outputs missing Result"


def adds_twice(case: Case) -> bool:
    """Whether two rows are added to the same one."""
    return case.config["mode"] == "add" and np.unique(case.inputs["indices"]).size < case.inputs["indices"].size


KNOWN = (
    KnownDivergence(
        component="openvino_from_tflite",
        layer="resize_nearest",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the option `half_pixel_centers` of RESIZE_NEAREST_NEIGHBOR is not read: Interpolate is always "
        "asymmetric, and 4 pixels to 5 are 0, 0, 1, 2, 3 instead of 0, 1, 2, 2, 3",
        link="none found: openvino TFLite frontend RESIZE_NEAREST_NEIGHBOR half_pixel_centers wrong result",
        versions=VERSIONS,
        witness=Case(
            "resize_nearest",
            {**ONE, "channels": 1, "size": [1, 4], "out_size": [1, 5], "centres": "half_pixel"},
            0,
            {"x": np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)},
        ),
        applies=config_is(centres="half_pixel"),
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="openvino_from_tflite",
        layer="scatter",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="SCATTER_ND, which adds up what has the same index, becomes ScatterNDUpdate without a reduction, which "
        "keeps one of them",
        link="none found: openvino TensorFlow Lite frontend SCATTER_ND duplicate indices sum ScatterNDUpdate",
        versions=VERSIONS,
        witness=Case(
            "scatter",
            {**ONE, "batch": 2, "rows": 1, "inner": [1], "indices": "int32", "mode": "add"},
            0,
            {
                "table": np.zeros((1, 1), np.float32),
                "updates": np.ones((2, 1), np.float32),
                "indices": np.zeros(2, np.int32),
            },
        ),
        applies=adds_twice,
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="openvino_from_tflite",
        layer="log_softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LOG_SOFTMAX between two TRANSPOSE becomes LogSoftmax without them whose axis is still -1: it is over "
        "the axis that was last before",
        link="none found: openvino TransposeSinking LogSoftmax negative axis transpose wrong result",
        versions=VERSIONS,
        witness=Case("log_softmax", {**ONE, "inner": [2, 3], "axis": 1}, 0, {"x": np.ones((1, 2, 3), np.float32)}),
        applies=lambda case: case.config["axis"] not in {-1, case.inputs["x"].ndim - 1},
        paths="tensorflow>*",
    ),
    *(
        KnownDivergence(
            component="openvino_from_tflite",
            layer=layers,
            stage=Stage.CONVERT,
            status=status,
            fix=Fix.UPSTREAM,
            reason=reason,
            link=link,
            versions=VERSIONS,
            witness=witness,
            applies=empty,
            paths=paths,
        )
        for layers, status, reason, link, witness, paths in (
            (
                "*",
                Status.ERROR,
                CONSTANT,
                NO_OUTPUT,
                Case("silu", {**NONE, "inner": [1]}, 0, {"x": np.zeros((0, 1), np.float32)}),
                "tensorflow>*",
            ),
            (
                "argmax attention_cache_step bidirectional_lstm global_pool gru logsumexp lstm mixture_of_experts "
                "multi_head_attention pad resize_bicubic resize_nearest rnn sinusoidal_positions take_along_axis "
                "variance",
                Status.ERROR,
                CONSTANT,
                NO_OUTPUT,
                Case("mixture_of_experts", CHOSEN, 0, {"x": np.zeros((0, 1, 1), np.float32)}),
                "torch>*",
            ),
            (
                "adaptive_avg_pool2d avg_pool2d max_pool2d",
                Status.ERROR,
                "pooling of no rows is refused: Batch size is zero",
                "none found: openvino pooling Batch size is zero shape inference MaxPool AvgPool",
                Case("adaptive_avg_pool2d", POOLED, 0, {"x": np.zeros((0, 1, 2, 2), np.float32)}),
                "torch>*",
            ),
            (
                "embedding_lookup embedding_positional resize_bilinear",
                Status.CRASH,
                "reading STABLEHLO_COMPOSITE whose operands are folded away, as they are where they have no elements, "
                "ends the process: SIGSEGV",
                "none found: openvino tflite frontend STABLEHLO_COMPOSITE segmentation fault no inputs",
                Case("resize_bilinear", RESIZED, 0, {"x": np.zeros((0, 1, 1, 1), np.float32)}),
                "torch>*",
            ),
            (
                "remainder",
                Status.ERROR,
                "SELECT of no rows of one element, which is written with the condition's axis repeated, is refused: "
                "Argument shapes are inconsistent",
                "none found: openvino tflite Select Argument shapes are inconsistent zero batch Squeeze boolean",
                Case("remainder", {**NONE, **WHOLE}, 0, {"x": np.zeros((0, 2), np.int32)}),
                "torch>*",
            ),
        )
    ),
)
