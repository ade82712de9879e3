"""What Tengine's library is known to get wrong: seen with a build of commit c73708c, in models of single operators.

Nobody's machine has it unless they supply it, and the witnesses are NOT_RUN elsewhere. Wrong too, and in no layer here:
DepthToSpace, and LRN by 5e-4.
"""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = {"batch": 1, "dtype": "float32"}
WINDOW = {"kernel": [3, 3], "stride": [1, 1], "padding": [1, 1], "size": [3, 3]}
STEPS = {"time": 1, "features": 1, "hidden": 1, "initial_state": False, "bias": True}

KNOWN = (
    KnownDivergence(
        component="tengine_cpu",
        layer="avg_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="count_include_pad of AveragePool is not read: the cells of the padding are left out of the mean",
        link="none found: OAID Tengine AveragePool count_include_pad wrong result onnx",
        versions=(),
        witness=Case(
            "avg_pool2d",
            {**ONE, "channels": 1, "window": WINDOW, "ceil_mode": False, "count_include_pad": True},
            0,
            {"x": np.ones((1, 1, 3, 3), np.float32)},
        ),
        applies=config_is(count_include_pad=True),
        # Keras pools without padding, and writes Pad before.
        paths="torch>onnx13_from_torch_legacy>*>tengine_from_onnx>*",
    ),
    *(
        KnownDivergence(
            component="tengine_cpu",
            layer=layer,
            stage=Stage.RUN,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason=f"{layer.upper()} converts, and its outputs have no elements when it has run",
            link="none found: OAID Tengine onnx LSTM GRU empty output",
            versions=(),
            witness=Case(layer, {**ONE, **STEPS, **keys}, 0, {"x": np.ones((1, 1, 1), np.float32)}),
            paths="torch>onnx13_from_torch_legacy>*>tengine_from_onnx>*",
        )
        for layer, keys in (("lstm", {"layers": 1}), ("gru", {"reset": "after"}))
    ),
)
