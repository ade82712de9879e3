"""Known divergences of IREE's compiler."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("iree-base-compiler<=3.13.0",)
GRU = {"batch": 2, "dtype": "float32", "time": 2, "features": 1, "hidden": 1, "reset": "after"}


def opened(case: Case) -> bool:
    """Whether the batch is left open."""
    return bool(case.open_axes)


KNOWN = (
    KnownDivergence(
        component="iree_cpu",
        layer="gru",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="onnx.GRU is written out with zeros to put its results in, whose sizes are constants out of the types, "
        "-1 where the batch is open, which 'linalg.fill' refuses; the pull request puts this right for LSTM",
        link="https://github.com/llvm/torch-mlir/pull/4150",
        versions=VERSIONS,
        witness=Case(
            "gru",
            {**GRU, "initial_state": False, "bias": True},
            0,
            {"x": np.ones((3, 2, 1), np.float32)},
            open_axes=("batch",),
        ),
        applies=opened,
        paths="torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="sinusoidal_positions",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="math.sin and math.cos in float32 become polynomials after a reduction of the range in float32: off by "
        "2e-6 at 100, by 3e-4 at 10000, and beyond about 1e9 outside -1 to 1, down to -infinity",
        link="https://github.com/llvm/llvm-project/issues/118784",
        versions=VERSIONS,
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
        applies=beyond(1e8),
    ),
)
