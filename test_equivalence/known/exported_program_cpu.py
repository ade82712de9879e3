"""Known divergences of the graph of an ExportedProgram, run on the CPU, and of what is compiled from it."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is
from nnparity.divergence import Fix, of_each
from nnparity.layers import Case

ONE = np.ones((1, 1, 2), np.float32)
# Eager PyTorch takes its fused path here, which torch.export does not record: it is made for inference mode.
SELF = {
    "batch": 1,
    "dtype": "float32",
    "cross": False,
    "heads": 2,
    "embed": 2,
    "query_length": 1,
    "key_length": 1,
}


def fused_in_eager(case: Case) -> bool:
    """Whether torch.nn.MultiheadAttention takes its fused path in inference mode."""
    return not case.config["cross"] and case.config["heads"] % 2 == 0


KNOWN = of_each(
    ("exported_program_cpu", "stablehlo_xla_cpu", "executorch_cpu", "inductor_cpu"),
    "multi_head_attention",
    fix=Fix.UPSTREAM,
    reason="a row without a visible key is 0 by scaled_dot_product_attention, which is what was exported, but NaN by "
    "the fused path that the same module takes in inference mode",
    link="https://github.com/pytorch/pytorch/pull/133882",
    versions=("torch<=2.13.0",),
    witness=Case(
        "multi_head_attention",
        {**SELF, "mask": "key_padding_all"},
        0,
        {"x": ONE, "key_mask": np.zeros((1, 1), bool)},
    ),
    applies=both(fused_in_eager, config_is(mask="key_padding_all")),
)
