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
    KnownDivergence(
        component="openvino_from_exported_program",
        layer="data_dependent_loop",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the rule for while_loop counts what the loop reads from outside among what it carries, and the body "
        "returns only the latter: body_fn must return same number of outputs as carried inputs",
        link="none found: openvino pytorch frontend while_loop additional_inputs body_fn must return same number of "
        "outputs as carried inputs",
        versions=("openvino<=2026.4.1",),
        witness=Case(
            "data_dependent_loop",
            {
                "batch": 1,
                "dtype": "float32",
                "length": 1,
                "width": 1,
                "most": 1,
                "writing": "operator",
                "stop": "count",
            },
            0,
            {"x": np.ones((1, 1, 1), np.float32), "steps": np.array(0, np.int32)},
        ),
        applies=config_is(writing="operator"),
    ),
)
