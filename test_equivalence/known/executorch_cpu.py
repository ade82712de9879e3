"""Known divergences of ExecuTorch's runtime and its own kernels."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
CUBE = {"kernel": [1, 1, 1], "stride": [1, 1, 1], "dilation": [1, 1, 1], "padding": [0, 0, 0, 0, 0, 0]}


def of_integers(case: Case) -> bool:
    """Whether the numbers are integers."""
    return bool(case.config["numbers"] != "float")


KNOWN = (
    KnownDivergence(
        component="executorch_cpu",
        layer="conv3d",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten::convolution has a kernel for inputs of three and four axes; of five it fails when it runs, not "
        "when the program is made or loaded",
        link="https://github.com/pytorch/executorch/issues/11704",
        versions=VERSIONS,
        witness=Case(
            "conv3d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "window": {**CUBE, "size": [1, 1, 1]},
                "bias": True,
            },
            0,
            {"x": np.ones((1, 1, 1, 1, 1), np.float32)},
        ),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten::remainder of integers has the sign of the dividend, as % in C++; of floats it was put right",
        link="https://github.com/pytorch/executorch/pull/90",
        versions=VERSIONS,
        witness=Case(
            "remainder",
            {"batch": 2, "dtype": "float32", "inner": [4], "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([[-1] * 4, [1] * 4], np.int32)},
        ),
        applies=both(config_is(sign_of="divisor"), of_integers),
    ),
)
