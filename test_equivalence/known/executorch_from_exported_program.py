"""Known divergences of ExecuTorch's lowering, for its own kernels and for XNNPACK."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
LOWERINGS = ("executorch_from_exported_program", "executorch_from_exported_program_xnnpack")
GRU = {"batch": 2, "dtype": "float32", "time": 2, "features": 1, "hidden": 1, "reset": "after"}


def opened(case: Case) -> bool:
    """Whether the batch is left open."""
    return bool(case.open_axes)


def closed_by_verifier(component: str, witness: Case) -> KnownDivergence:
    """Return an entry for a layer in which an operator gives a list of tensors whose first axis is the batch."""
    return KnownDivergence(
        component=component,
        layer=witness.layer,
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the verifier of to_edge takes the first tensor of an operator's list for the list and asks for its "
        "length, which fixes an open first axis to the size of the example (exir/verification/arg_validator.py, "
        "range(len(kernel_ret))); other sizes are refused",
        link="none found: executorch to_edge verifier arg_validator specializes dynamic shape split",
        versions=VERSIONS,
        witness=witness,
        applies=opened,
    )


def widened_counter(component: str) -> KnownDivergence:
    """Return an entry for a loop that counts in int32."""
    return KnownDivergence(
        component=component,
        layer="data_dependent_loop",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a number in the body of while_loop becomes a tensor of int64, which makes int64 of the int32 without "
        "axes that it is added to: Expected carried_inputs and body_output to have same metadata",
        link="https://github.com/pytorch/executorch/issues/8769",
        versions=VERSIONS,
        witness=Case(
            "data_dependent_loop",
            {
                "batch": 1,
                "dtype": "float32",
                "writing": "operator",
                "stop": "count",
                "most": 1,
                "length": 1,
                "width": 1,
            },
            0,
            {"x": np.ones((1, 1, 1), np.float32), "steps": np.array(1, np.int32)},
        ),
        applies=config_is(writing="operator"),
    )


CLOSED = tuple(
    closed_by_verifier(lowering, witness)
    for lowering in LOWERINGS
    for witness in (
        Case(
            "gru",
            {**GRU, "initial_state": False, "bias": True},
            0,
            {"x": np.ones((3, 2, 1), np.float32)},
            open_axes=("batch",),
        ),
        Case(
            "rotary_attention",
            {
                "batch": 2,
                "dtype": "float32",
                "heads": 1,
                "length": 1,
                "base": 10000.0,
                "start": 0,
                "pairing": "half",
                "turned": 2,
                "depth": 2,
            },
            0,
            {name: np.ones((3, 1, 1, 2), np.float32) for name in "qkv"},
            open_axes=("batch",),
        ),
    )
)

KNOWN = (*CLOSED, *(widened_counter(lowering) for lowering in LOWERINGS))
