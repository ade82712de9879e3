"""Known divergences of ONNX Runtime with the XINT8 models of AMD Quark; those of no rows are in a file of their own."""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

# Whose products have weights on one side: of two activations, both uint8, no sum is too great.
WEIGHTED = frozenset((
    "attention_cache_step",
    "conv1d",
    "conv2d_bn_relu",
    "conv3d",
    "grouped_query_attention",
    "inverted_residual",
    "mixer_block",
    "mixture_of_experts",
    "mlp",
    "multi_head_attention",
    "padded_conv2d",
    "patch_embedding",
    "relative_position_attention",
    "resnet_bottleneck",
    "rewritten_block",
    "rnn",
    "squeeze_excite",
    "swiglu",
    "transformer_decoder_block",
    "transformer_encoder_block",
))

KNOWN = (
    KnownDivergence(
        component="vitis_ai_xint8",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="without instructions for neural networks, QLinearMatMul, QGemm and QLinearConv of uint8 by int8 add "
        "two products in 16 bits (VPMADDUBSW), which end at 32767: 255 * 100 + 255 * 100 loses a third; with "
        "session.x64quantprecision=1 among the session's options it is right, and so is what is not optimised",
        link="https://github.com/microsoft/onnxruntime/issues/16105",
        versions=("onnxruntime<=1.31.1",),
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [1],
                "widths": [2, 1],
                "activation": "relu",
                "activate_last": False,
                "bias": False,
            },
            5,
            {"x": np.full((1, 1, 2), 9, np.float32)},
        ),
        applies=lambda case: case.layer in WEIGHTED,
        processor="!avx512_vnni|avx_vnni",
    ),
)
