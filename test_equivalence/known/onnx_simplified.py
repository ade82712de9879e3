"""Known divergences of onnxsim."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, empty, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

NO_ROWS = {
    "batch": 0,
    "dtype": "float32",
    "time": 3,
    "features": 1,
    "hidden": 2,
    "layers": 1,
    "nonlinearity": "tanh",
    "initial_state": False,
    "bias": True,
}
CLASS_TOKEN = {
    "batch": 0,
    "dtype": "float32",
    "channels": 3,
    "patch": 2,
    "rows": 2,
    "columns": 3,
    "embed": 4,
    "layout": "NCHW",
    "class_token": True,
}


def over_one(case: Case) -> bool:
    """Whether the layer has a softmax over a single element."""
    config = case.config
    if case.layer == "softmax":
        return bool(case.inputs["x"].shape[config["axis"]] == 1)
    if case.layer == "mixture_of_experts":
        return bool(config["experts"] == 1)
    lengths = (config.get(name) for name in ("key_length", "length", "memory_length"))
    return ("attention" in case.layer or "transformer" in case.layer) and 1 in lengths


KNOWN = (
    KnownDivergence(
        component="onnx_simplified",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Softmax along an axis of size 1 becomes a constant 1, which it is of finite numbers only: of NaN and "
        "infinity it is NaN",
        link="none found: onnxsim Softmax axis size 1 constant ones NaN",
        versions=("onnxsim<=0.8.1",),
        witness=Case(
            "softmax",
            {"batch": 1, "dtype": "float32", "inner": [1], "axis": 1},
            0,
            {"x": np.array([[np.nan]], np.float32)},
        ),
        applies=both(over_one, non_finite),
    ),
    *(
        KnownDivergence(
            component="onnx_simplified",
            layer="rnn",
            stage=stage,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason="MatMul and Add of three axes become Gemm between two Reshapes, to 0 rows for one, which is to copy "
            "the size of the axis at that place: that of another axis where the rows are not the first one",
            link="none found: onnxsim fuse_matmul_add_bias_into_gemm_batched Reshape zero batch",
            versions=("onnxsim<=0.8.1",),
            witness=Case("rnn", NO_ROWS, 0, {"x": np.zeros((0, 3, 1), np.float32)}),
            applies=empty,
            paths=paths,
        )
        for stage, paths in (
            (
                Stage.RUN,
                "torch>onnx_from_torch>onnx_simplified>onnxruntime_cpu_[bu]* "
                "torch>onnx_from_torch>onnx_simplified>onnx_reference",
            ),
            (
                Stage.LOAD,
                "torch>onnx_from_torch>onnx_simplified>onnxruntime_cpu "
                "torch>onnx_from_torch>onnx_simplified>onnxruntime_cpu_extended",
            ),
        )
    ),
    *(
        KnownDivergence(
            component="onnx_simplified",
            layer="patch_embedding",
            stage=stage,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason="an operand without elements is left out of a Concat, and with it its size along the axis: no class "
            "tokens and six patches are six places, not seven",
            link="none found: onnxsim Concat empty initializer zero elements removed wrong shape",
            versions=("onnxsim<=0.8.1",),
            witness=Case("patch_embedding", CLASS_TOKEN, 0, {"x": np.zeros((0, 3, 4, 6), np.float32)}),
            applies=both(config_is(class_token=True), empty),
            paths=paths,
        )
        for stage, paths in (
            (
                Stage.RUN,
                "torch>onnx_from_torch>onnx_simplified>onnxruntime_cpu_* "
                "torch>onnx_from_torch>onnx_simplified>onnx_reference",
            ),
            (Stage.LOAD, "torch>onnx_from_torch>onnx_simplified>onnxruntime_cpu"),
        )
    ),
)
