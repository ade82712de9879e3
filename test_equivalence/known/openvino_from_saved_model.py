"""Known divergences of OpenVINO's front end for SavedModels."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is, in_bfloat16
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="openvino_from_saved_model",
        layer="log_softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="LogSoftmax between two Transpose, as tf.nn.log_softmax writes an axis that is not the last, loses them "
        "and keeps its axis of -1: it is over the axis that was last before",
        link="none found: openvino TransposeSinking LogSoftmax negative axis transpose wrong result",
        versions=("openvino<=2026.4.1",),
        witness=Case(
            "log_softmax",
            {"batch": 1, "dtype": "float32", "inner": [2, 3], "axis": 1},
            0,
            {"x": np.ones((1, 2, 3), np.float32)},
        ),
        applies=lambda case: case.config["axis"] not in {-1, case.inputs["x"].ndim - 1},
    ),
    KnownDivergence(
        component="openvino_from_saved_model",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a Const of bfloat16, as tf.nn.gelu has, is not read, where variables are: Encountered unknown element "
        "type bf16 (src/frontends/tensorflow/src/tf_utils.cpp)",
        link="none found: openvino tensorflow frontend Const bfloat16 Encountered unknown element type bf16",
        versions=("openvino<=2026.4.1",),
        applies=in_bfloat16,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "bfloat16", "inner": [], "approximate": "none"},
            0,
            {"x": np.ones(1, "bfloat16")},
        ),
    ),
    KnownDivergence(
        component="openvino_from_saved_model",
        layer="rewritten_block",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a layer norm that is written out becomes MVN (MVNFusionWithoutConstants) with the axis of the mean as "
        "it is, a scalar for tf.reduce_mean(x, -1), and MVN takes no scalar: Expected 1D tensor for the 'axes' input",
        link="none found: openvino MVNFusionWithoutConstants scalar reduction axes Expected 1D tensor for the 'axes' "
        "input MVN tensorflow frontend",
        versions=("openvino<=2026.4.1",),
        applies=config_is(written="decomposed"),
        witness=Case(
            "rewritten_block",
            {
                "batch": 1,
                "dtype": "float32",
                "written": "decomposed",
                "activation": "gelu",
                "heads": 1,
                "embed": 1,
                "hidden": 1,
                "length": 1,
            },
            0,
            {"x": np.ones((1, 1, 1), np.float32)},
        ),
    ),
)
