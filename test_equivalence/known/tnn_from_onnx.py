"""What TNN's converter of ONNX is known to get wrong: seen with a build of commit f0cb081, in single operators.

Nobody's machine has it unless they supply it, and the witnesses are NOT_RUN elsewhere. GRU is declared not supported.
"""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = {"batch": 1, "dtype": "float32"}
WINDOW = {"kernel": [3, 3], "stride": [1, 1], "padding": [1, 1], "size": [3, 3]}

KNOWN = (
    KnownDivergence(
        component="tnn_from_onnx",
        layer="layer_norm mixer_block variance",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="ReduceMean with axes ends the converter: SIGSEGV, or SIGABRT from an assertion",
        link="https://github.com/Tencent/TNN/issues/167",
        versions=(),
        witness=Case(
            "variance",
            {**ONE, "inner": [2], "axis": -1, "correction": 0, "keepdims": False},
            0,
            {"x": np.array([[1.0, 2.0]], np.float32)},
        ),
        paths="torch>onnx13_from_torch_legacy>*",
    ),
    KnownDivergence(
        component="tnn_from_onnx",
        layer="avg_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="count_include_pad of AveragePool is not read, as TNN's documentation says: the cells of the padding "
        "are left out of the mean",
        link="none found: Tencent TNN onnx2tnn AveragePool count_include_pad",
        versions=(),
        witness=Case(
            "avg_pool2d",
            {**ONE, "channels": 1, "window": WINDOW, "ceil_mode": False, "count_include_pad": True},
            0,
            {"x": np.ones((1, 1, 3, 3), np.float32)},
        ),
        applies=config_is(count_include_pad=True),
        # Keras pools without padding, and writes Pad before.
        paths="torch>onnx13_from_torch_legacy>*",
    ),
)
