"""Known divergences of TVM 0.27's compiler for CPUs under Relax's virtual machine."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, not_a_number
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("apache-tvm<=0.27.0.post1",)
ATTENTION = {"batch": 1, "dtype": "float32", "heads": 1, "query_length": 1, "key_length": 2, "depth": 1}
TWO = np.array([1, 2], np.float32).reshape(1, 1, 2, 1)


def compares_booleans(case: Case) -> bool:
    """Whether the layer in PyTorch asks where a mask equals 0."""
    return case.layer == "attention" and case.config["mask"] in {"fill_1e9", "fill_inf", "causal"}


KNOWN = (
    KnownDivergence(
        component="relax_vm",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="relu is max(x, 0), an ordered comparison and a selection, which take the second operand where the "
        "first is NaN (MaxNode in codegen_llvm.cc): relu(NaN) is 0",
        link="https://github.com/apache/tvm/issues/19579",
        versions=VERSIONS,
        witness=Case(
            "relu_family",
            {"batch": 1, "dtype": "float32", "kind": "relu", "inner": [1]},
            0,
            {"x": np.array([[np.nan]], np.float32)},
        ),
        applies=both(either(config_is(kind="relu"), config_is(activation="relu")), not_a_number),
    ),
    KnownDivergence(
        component="relax_vm",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="equal of two booleans is generated as a comparison of floats, which LLVM's verifier refuses: Invalid "
        "operand types for FCmp instruction",
        link="none found: tvm LLVM verification Invalid operand types for FCmp instruction bool equal scalar",
        versions=VERSIONS,
        witness=Case(
            "attention",
            {**ATTENTION, "mask": "fill_1e9"},
            0,
            {"q": TWO[:, :, :1], "k": TWO, "v": TWO, "mask": np.array([[[[True, False]]]])},
        ),
        applies=compares_booleans,
    ),
)
