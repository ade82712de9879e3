"""What TVM's ONNX front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
TORCHSCRIPT = load_file(Path(__file__).with_name("relay_from_torchscript.py"))


def infinite(case: Case) -> bool:
    """Whether an input holds an infinity."""
    return any(bool(np.isinf(array).any()) for array in case.inputs.values())


def least_first(case: Case) -> bool:
    """Whether the layer asks for the least entries of rows."""
    return case.config.get("largest") is False or case.config.get("descending") is False


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
        layer="round",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Round of an infinity is NaN: it is written as a rounding up plus a correction for odd numbers, and "
            "infinity modulo 2 is NaN (relay/frontend/onnx.py, Round); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend Round infinity NaN bankers rounding",
        versions=VERSIONS,
        witness=Case(
            "round",
            {"batch": 1, "dtype": "float32", "inner": [], "mode": "round"},
            seed=0,
            inputs={"x": np.array([np.inf], dtype=np.float32)},
        ),
        applies=both(config_is(mode="round"), infinite),
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "TopK of the least entries is written as a sort and a slice whose ends are int64 and whose begins are int32"
            ": the greatest int64, which stands for an axis that is not cut, does not go into the static slice "
            "(relay/frontend/onnx.py, TopK); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend TopK largest=0 literal value exceeds maximum of int32",
        versions=VERSIONS,
        witness=Case(
            "sort",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "descending": False},
            seed=0,
            inputs={"x": np.array([[2.0, 1.0]], dtype=np.float32)},
        ),
        applies=least_first,
        # tf2onnx asks for the greatest of the negated entries.
        paths="torch>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="clip",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Clip with a single constant bound clips nothing: the bound is taken from the inputs into the attributes, "
            "which are used only if there are two (relay/frontend/onnx.py, Clip); TVM 0.20 has no Relay"
        ),
        link="none found: TVM ONNX frontend Clip min only without max ignored",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [], "bounds": [-0.5, None]},
            seed=0,
            inputs={"x": np.array([-2.0], dtype=np.float32)},
        ),
        applies=lambda case: None in case.config["bounds"],
        # tf2onnx writes Max and Min.
        paths="torch>*",
    ),
)
