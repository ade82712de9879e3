"""What XNNPACK shows where ExecuTorch delegates to it."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
ONE_PAIR = {"pairs": 1, "odd": False, "shift": 0, "period": 10000.0, "inner": []}

KNOWN = (
    KnownDivergence(
        component="executorch_from_exported_program_xnnpack",
        layer="gelu",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="GELU by tanh becomes XNNPACK's GELU by erf: the partitioner does not look at `approximate`",
        link="https://github.com/pytorch/executorch/pull/22851",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [1], "approximate": "tanh"},
            0,
            {"x": np.array([[-2.7]], np.float32)},
        ),
        applies=config_is(approximate="tanh"),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="sinusoidal_positions",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="XNNPACK's sine and cosine of numbers beyond about 1e9 leave -1 to 1 as far as to -infinity: their "
        "reduction of the range has too few bits",
        link="https://github.com/google-ai-edge/LiteRT/issues/9020",
        versions=VERSIONS,
        witness=Case(
            "sinusoidal_positions",
            {"batch": 1, "dtype": "float32", "order": "sin_cos", **ONE_PAIR},
            0,
            {"t": np.array([1e10], np.float32)},
        ),
        applies=beyond(1e9),
        paths="*_xnnpack>executorch_cpu",
    ),
)
