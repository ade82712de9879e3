"""What ppl.nn on x86 is known to get wrong: seen with a build of commit 76ed936, in models of single operators.

Nobody's machine has it unless they supply it, and the witnesses are NOT_RUN elsewhere. Wrong too, and in no layer here
below opset 17 as an operator of floats: Abs, which gives 0 for every number.
"""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = {"batch": 1, "dtype": "float32"}
STEPS = {"time": 1, "features": 1, "hidden": 1, "initial_state": False, "bias": True}

KNOWN = (
    *(
        KnownDivergence(
            component="ppl_nn_x86",
            layer=layer,
            stage=Stage.LOAD,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason=f"{layer.upper()} ends pplnn when it runs: SIGSEGV",
            link="none found: openppl ppl.nn x86 LSTM GRU segmentation fault",
            versions=(),
            witness=Case(layer, {**ONE, **STEPS, **keys}, 0, {"x": np.ones((1, 1, 1), np.float32)}),
            paths="torch>onnx13_from_torch_legacy>*ppl_nn_x86",
        )
        for layer, keys in (("lstm", {"layers": 1}), ("gru", {"reset": "after"}))
    ),
    KnownDivergence(
        component="ppl_nn_x86",
        layer="conv_transpose2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="output_padding of ConvTranspose is ignored: 15 x 15 instead of 16 x 16",
        link="none found: openppl ppl.nn x86 ConvTranspose output_padding",
        versions=(),
        witness=Case(
            "conv_transpose2d",
            {
                **ONE,
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "size": [8, 8],
                "kernel": [3, 3],
                "stride": [2, 2],
                "padding": [1, 1],
                "output_padding": [1, 1],
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 8, 8), np.float32)},
        ),
        applies=lambda case: any(case.config["output_padding"]),
        paths="torch>onnx13_from_torch_legacy>onnx_explicit_from_onnx13>ppl_nn_x86",
    ),
)
