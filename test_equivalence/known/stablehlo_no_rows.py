"""What torch-mlir's lowering to StableHLO does to a batch of no rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.divergence import Fix
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
case, no_rows = NO_ROWS.case, NO_ROWS.no_rows
LOWERING = "stablehlo_from_exported_program"
VERSIONS = ("torch-mlir<=20261001",)
GROUPS = {"groups": 1, "channels": 1, "spatial": [1], "eps": 1e-5, "layout": "channels_first", "affine": True}
PICKED = {"batch": 0, "dtype": "float32", "inner": [1], "axis": 1, "picked": 1, "indices": "int64"}

KNOWN = (
    *(
        no_rows(
            LOWERING,
            layers,
            shown=shown,
            fix=Fix.UPSTREAM,
            reason=f"a stablehlo.gather of no rows, {what}, takes slices of one row: slice size (1) is out of bounds "
            f"for operand dimension (0){then}",
            link="none found: torch-mlir stablehlo.gather slice size is out of bounds for operand dimension (0)",
            versions=VERSIONS,
            witness=witness,
        )
        for layers, shown, what, then, witness in (
            (
                "group_norm resize_bicubic resize_bilinear resize_nearest",
                NO_ROWS.CONVERTING,
                "as group normalisation and interpolation are written with",
                "",
                case("group_norm", 1, 1, **GROUPS),
            ),
            (
                "mixture_of_experts take_along_axis",
                (Stage.CONVERT, Status.CRASH),
                "as aten.gather becomes",
                ", and the process ends",
                Case(
                    "take_along_axis",
                    PICKED,
                    0,
                    {"x": np.zeros((0, 1), np.float32), "indices": np.zeros((0, 1), np.int64)},
                ),
            ),
        )
    ),
    no_rows(
        LOWERING,
        "bidirectional_lstm",
        shown=NO_ROWS.CONVERTING,
        fix=Fix.UPSTREAM,
        reason="aten.cat leaves out what is empty along its axis, and of no rows nothing is left: "
        "stablehlo.concatenate expected 1 or more operands",
        link="https://github.com/llvm/torch-mlir/pull/4441",
        versions=VERSIONS,
        witness=case("bidirectional_lstm", 3, 4, time=3, features=4, hidden=3, bias=True),
    ),
)
