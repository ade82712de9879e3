"""Known divergences of OpenVINO's PyTorch front end with TorchScript."""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="openvino_from_torchscript",
        layer="softplus",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the rule for aten::softplus takes its first input alone: beta is 1 and there is no threshold, whatever "
        "the others say; torch.export writes the operator out",
        link="https://github.com/openvinotoolkit/openvino/pull/21367",
        versions=("openvino<=2026.4.1",),
        witness=Case(
            "softplus",
            {"batch": 1, "dtype": "float32", "inner": [1], "beta": 3.0, "threshold": 20.0},
            0,
            {"x": np.zeros((1, 1), np.float32)},
        ),
        applies=lambda case: case.config["beta"] != 1 or case.config["threshold"] < 20,
    ),
)
