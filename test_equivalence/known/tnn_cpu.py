"""What TNN's kernels for x86 are known to get wrong: seen with a build of commit f0cb081, in single operators.

Nobody's machine has it unless they supply it, and the witnesses are NOT_RUN elsewhere.
"""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="tnn_cpu",
        layer="resize_nearest",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Resize to the nearest pixel takes other pixels on x86 than by the reference kernels, which are right",
        link="none found: Tencent TNN x86 Upsample nearest wrong pixel",
        versions=(),
        witness=Case(
            "resize_nearest",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [3, 4],
                "out_size": [6, 5],
                "centres": "asymmetric",
            },
            0,
            {"x": np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)},
        ),
        paths="torch>onnx13_from_torch_legacy>*",
    ),
    *(
        KnownDivergence(
            component=component,
            layer="*",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="a model of several inputs is run by model_check, which writes six significant digits, and what is "
            "beyond 1 is then off by more than the half of 1e-6 that TNNTest's text leaves out",
            link="none found: Tencent TNN model_check dump output precision digits",
            versions=(),
            witness=Case(
                "attention",
                {
                    "batch": 1,
                    "dtype": "float32",
                    "heads": 1,
                    "query_length": 1,
                    "key_length": 1,
                    "depth": 1,
                    "mask": "none",
                },
                0,
                {name: np.full((1, 1, 1, 1), 1.2345678, np.float32) for name in "qkv"},
            ),
            applies=lambda case: len(case.inputs) > 1,
            paths="torch>onnx13_from_torch_legacy>*",
        )
        for component in ("tnn_cpu", "tnn_naive")
    ),
)
