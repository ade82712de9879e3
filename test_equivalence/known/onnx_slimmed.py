"""Known divergences of onnxslim."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, empty
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("onnx_simplified.py")).NO_ROWS


def rows_not_first(case: Case) -> bool:
    """Whether PyTorch moves the rows to the second axis before it multiplies."""
    return case.layer in {"multi_head_attention", "rnn", "transformer_decoder_block"}


KNOWN = (
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
)
