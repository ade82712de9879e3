"""Known divergences of onnxslim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, empty
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

SIMPLIFIED = load_file(Path(__file__).with_name("onnx_simplified.py"))
NO_ROWS, CLASS_TOKEN = SIMPLIFIED.NO_ROWS, SIMPLIFIED.CLASS_TOKEN


def rows_not_first(case: Case) -> bool:
    """Whether PyTorch moves the rows to the second axis before it multiplies."""
    return case.layer in {"multi_head_attention", "rnn", "transformer_decoder_block"}


WHEN_LOADED = (
    KnownDivergence(
        component="onnx_slimmed",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="MatMul and Add of three axes become Gemm between two Reshapes, to 0 rows for one, which is to copy the "
        "size of the axis at that place: that of another axis where the rows are not the first one",
        link="none found: onnxslim MatMul Add Gemm Reshape zero batch fusion",
        versions=("onnxslim<=0.1.98",),
        witness=Case("rnn", NO_ROWS, 0, {"x": np.zeros((0, 3, 1), np.float32)}),
        applies=both(rows_not_first, empty),
        paths="torch>onnx_from_torch>onnx_slimmed>onnxruntime_cpu*",
    ),
    KnownDivergence(
        component="onnx_slimmed",
        layer="patch_embedding",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="an operand without elements is left out of a Concat, and with it its size along the axis: no class "
        "tokens and four patches are four places, not five",
        link="none found: onnxslim Concat empty initializer zero elements removed wrong shape",
        versions=("onnxslim<=0.1.98",),
        witness=Case("patch_embedding", CLASS_TOKEN, 0, {"x": np.zeros((0, 1, 1, 2), np.float32)}),
        applies=both(config_is(class_token=True), empty),
        paths="torch>onnx_from_torch>onnx_slimmed>onnxruntime_cpu*",
    ),
)

KNOWN = (
    *WHEN_LOADED,
    # The evaluator sees it when it runs.
    *(
        replace(entry, stage=Stage.RUN, paths="torch>onnx_from_torch>onnx_slimmed>onnx_reference")
        for entry in WHEN_LOADED
    ),
)
