"""Known divergences of XLA's compiler for CPUs."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="stablehlo_xla_cpu",
        layer="*attention*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the scaled scores are computed anew in both fusions of a softmax, and in the second one product and "
        "subtraction of the maximum are one rounding: the greatest score less itself is the product's rounding error, "
        "whose exponential is infinite where a score is beyond about 2e9, so that the row is NaN",
        link="https://github.com/jax-ml/jax/issues/37234",
        versions=("jaxlib<=0.10.2",),
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "depth": 3,
                "query_length": 1,
                "key_length": 2,
                "mask": "none",
            },
            0,
            {
                "q": np.full((1, 1, 1, 3), 1e6, np.float32),
                "k": np.array([[[[3e9, 1e9, 7e8], [1, 2, 3]]]], np.float32),
                "v": np.ones((1, 1, 2, 3), np.float32),
            },
        ),
        applies=beyond(1e4),
    ),
)
