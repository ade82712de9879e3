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


def reduces_several_axes(case: Case) -> bool:
    """Whether a normalisation takes its moments along more than one axis."""
    if case.layer == "group_norm":
        # The channels of a group are an axis of their own.
        return bool(case.config["spatial"])
    if case.layer == "instance_norm":
        return bool(case.config["statistics"] == "input")
    if case.layer == "l2_normalize":
        return len(case.config["axes"]) > 1
    return bool(case.config.get("axes") == 2)


def short_vector(case: Case) -> bool:
    """Whether some vector is shorter than the lower bound of its length."""
    x = case.inputs["x"].astype(np.float64)
    lengths = np.sqrt(np.square(x).sum(axis=tuple(case.config["axes"])))
    return bool((lengths < case.config["eps"]).any())


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
        layer="*norm*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
            "(relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/14435",
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
        applies=reduces_several_axes,
        # The others write LayerNormalization, which has no axes as an input.
        paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="rms_norm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
            "(relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/14435",
        versions=VERSIONS,
        witness=Case(
            "rms_norm",
            {"batch": 1, "dtype": "float32", "inner": [2, 2], "axes": 2, "eps": 1e-5, "affine": False},
            seed=0,
            inputs={"x": np.array([[[1.0, 2.0], [3.0, 5.0]]], dtype=np.float32)},
        ),
        applies=config_is(axes=2),
        # Opset 17 of the older exporter has the axes as an attribute.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="l2_normalize",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "ReduceL2, like ReduceL1, ReduceSumSquare and ReduceLogSum, takes no axes as an input, as opset 18 has "
            "them: TypeError (relay/frontend/onnx.py, ReduceL2); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/15271",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 1e-12},
            seed=0,
            inputs={"x": np.array([[1.0, 2.0]], dtype=np.float32)},
        ),
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Clip with a constant min, and with max left out as an empty name, does nothing: the min is taken off the "
            "inputs and never applied (relay/frontend/onnx.py, Clip, _impl_v11); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend Clip min only empty max input ignored clamp_min",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 2.0},
            seed=0,
            inputs={"x": np.array([[1.0, 0.0]], dtype=np.float32)},
        ),
        applies=short_vector,
        paths="torch>onnx_from_torch_legacy>relay_from_onnx>*",
    ),
)
