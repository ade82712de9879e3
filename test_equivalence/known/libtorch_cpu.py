"""Known divergences of libtorch's interpreter of TorchScript, as the file is and optimised for inference."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 2), np.float32)
# Eager PyTorch takes its fused path here, which tracing does not record: it is made for inference mode.
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


def activates_a_convolution(case: Case) -> bool:
    """Whether a ReLU or a sigmoid follows a convolution."""
    return case.layer in {"conv2d_bn_relu", "resnet_bottleneck", "inverted_residual", "squeeze_excite"}


KNOWN = (
    *(
        KnownDivergence(
            component=setting,
            layer="multi_head_attention",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="a row without a visible key is 0 by scaled_dot_product_attention, which is what was traced, but "
            "NaN by the fused path that the same module takes in inference mode",
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
        for setting in ("libtorch_cpu", "libtorch_cpu_optimized")
    ),
    KnownDivergence(
        component="libtorch_cpu_optimized",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch.jit.optimize_for_inference runs a ReLU or a sigmoid behind a convolution on a tensor in oneDNN's "
        "layout, where either makes 0 of NaN: torch.relu(torch.tensor([nan]).to_mkldnn()) shows it by itself",
        link="none found: mkldnn relu NaN to_mkldnn optimize_for_inference returns 0",
        versions=("torch<=2.13.0",),
        witness=Case(
            "conv2d_bn_relu",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "window": {"kernel": [1, 1], "stride": [1, 1], "dilation": [1, 1], "size": [1, 1], "padding": [0] * 4},
                "bias": False,
                "eps": 1e-5,
                "layout": "NCHW",
            },
            0,
            {"x": np.full((1, 1, 1, 1), np.nan, np.float32)},
        ),
        applies=both(activates_a_convolution, non_finite),
    ),
)
