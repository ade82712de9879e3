"""What TVM's ONNX front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
TORCHSCRIPT = load_file(Path(__file__).with_name("relay_from_torchscript.py"))
GLOBAL = {"batch": 1, "dtype": "float32", "channels": 1, "size": [2, 2], "kind": "average"}
FIRST_AXIS = (
    "ReduceMean and ReduceMax, like every reduction that takes its axes as an input, reduce over the first of them "
    "only, so that the result has another shape (relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
)

KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_onnx",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "the operator Gelu becomes erf whatever its attribute `approximate` says (relay/frontend/onnx.py, Gelu); "
            "Relax, which had the same fault, has it no more, but TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/18750",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [], "approximate": "tanh"},
            seed=0,
            inputs={"x": np.array([1.0], dtype=np.float32)},
        ),
        applies=TORCHSCRIPT.tanh_gelu,
        # The other two exporters write the formula out.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="layer_norm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
            "(relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend reduce axes input only first axis",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [2, 2],
                "axes": 2,
                "eps": 1e-5,
                "affine": ["scale", "offset"],
            },
            seed=0,
            inputs={"x": np.array([[[1.0, 2.0], [3.0, 5.0]]], dtype=np.float32)},
        ),
        applies=config_is(axes=2),
        # The others write LayerNormalization, which has no axes as an input.
        paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="global_pool",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=FIRST_AXIS,
        link="none found: tvm onnx frontend reduce axes input only first axis",
        versions=VERSIONS,
        witness=Case(
            "global_pool",
            {**GLOBAL, "keep_axes": True},
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        # The legacy exporter writes GlobalAveragePool and MaxPool.
        paths="*onnx_from_*[hw]>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="global_pool",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=FIRST_AXIS,
        link="none found: tvm onnx frontend reduce axes input only first axis",
        versions=VERSIONS,
        witness=Case(
            "global_pool",
            {**GLOBAL, "keep_axes": False},
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        applies=config_is(keep_axes=False),
        # Here a reshape follows, which then fails.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
)
