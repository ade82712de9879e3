"""Known divergences of torch.jit.trace.

Run with PyTorch 2.13.0: all layers, profile quick with seed 0, and the first ten, profile ci with seeds 1 and 2, on
every path through it. What else differs there is the doing of the runtimes, and in their files.
"""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

BRANCH = {
    "batch": 1,
    "dtype": "float32",
    "writing": "python",
    "gate": "any",
    "threshold": 0.0,
    "length": 1,
    "width": 1,
}
ONE = np.ones((1, 1, 1), np.float32)


def goes_otherwise(case: Case) -> bool:
    """Whether the data choose another branch, or other than no steps, as the zeros do that the tracer is given."""
    x = case.inputs["x"]
    if case.layer == "data_dependent_loop":
        return bool(case.inputs["steps"] > 0 if case.config["stop"] == "count" else (np.abs(x) > 1).any())
    threshold = case.config["threshold"]
    opens = (x > threshold).any() if case.config["gate"] == "any" else x.max(initial=-np.inf) > threshold
    return bool(opens != (threshold < 0))


KNOWN = (
    KnownDivergence(
        component="torchscript_from_torch",
        layer="data_dependent_*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="a Python `if`, `while` or `range` of a tensor is decided once, on the example, and only what that ran "
        "is recorded, with a TracerWarning that the tensor's value is taken for a constant; torch.cond and "
        "torch.while_loop are refused",
        link="https://docs.pytorch.org/docs/stable/generated/torch.jit.trace.html (Warning: only what does not depend "
        "on data is recorded correctly)",
        versions=("torch<=2.13.0",),
        witness=Case("data_dependent_branch", BRANCH, 0, {"x": ONE}),
        applies=both(config_is(writing="python"), goes_otherwise),
    ),
)
