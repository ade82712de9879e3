"""Known divergences of PyTorch itself, run under inference mode."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 1), np.float32)
CROSS = {
    "batch": 1,
    "dtype": "float32",
    "cross": True,
    "heads": 1,
    "embed": 1,
    "query_length": 1,
    "key_length": 1,
}

KNOWN = (
    KnownDivergence(
        component="torch_eager",
        layer="multi_head_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the CPU's flash kernel of scaled_dot_product_attention gives 0 for a row whose scores are all NaN: "
        "its std::max from -infinity keeps no NaN, and a greatest score of -infinity passes for a masked row",
        link="https://github.com/pytorch/pytorch/issues/141128",
        versions=("torch<=2.13.0",),
        witness=Case("multi_head_attention", {**CROSS, "mask": "none"}, 0, {"x": ONE * np.nan, "memory": ONE}),
        applies=both(config_is(mask="none"), non_finite),
    ),
    KnownDivergence(
        component="torch_eager",
        layer="multi_head_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a row without a visible key is 0 by scaled_dot_product_attention, but NaN by the fused path of the "
        "same module (self-attention with an even number of heads in inference mode) and by softmax",
        link="https://github.com/pytorch/pytorch/pull/133882",
        versions=("torch<=2.13.0",),
        witness=Case(
            "multi_head_attention",
            {**CROSS, "mask": "key_padding_all"},
            0,
            {"x": ONE, "memory": ONE, "key_mask": np.zeros((1, 1), bool)},
        ),
        applies=config_is(mask="key_padding_all"),
    ),
)
