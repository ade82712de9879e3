"""Known divergences of OpenVINO's PyTorch front end with an ExportedProgram."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="openvino_from_exported_program",
        layer="scatter",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the rule for index_add wants alpha, which TorchScript writes and torch.export leaves out where it is 1",
        link="https://github.com/openvinotoolkit/openvino/issues/35628",
        versions=("openvino<=2026.4.1",),
        witness=Case(
            "scatter",
            {"batch": 1, "dtype": "float32", "rows": 2, "inner": [], "indices": "int64", "mode": "add"},
            0,
            {"table": np.zeros(2, np.float32), "indices": np.zeros(1, np.int64), "updates": np.ones(1, np.float32)},
        ),
        applies=config_is(mode="add"),
    ),
)
