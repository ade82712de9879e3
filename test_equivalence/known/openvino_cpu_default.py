"""What OpenVINO's default precision does to float32, on a processor where that default is bfloat16."""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

# The layers with an operator that the plugin takes to bfloat16.
PRODUCTS = frozenset((
    "alibi_attention",
    "attention",
    "attention_cache_step",
    "bidirectional_lstm",
    "conv1d",
    "conv2d_bn_relu",
    "conv3d",
    "conv_transpose2d",
    "data_dependent_branch",
    "data_dependent_loop",
    "depthwise_conv2d",
    "einsum",
    "grouped_query_attention",
    "gru",
    "inverted_residual",
    "lstm",
    "mixer_block",
    "mixture_of_experts",
    "mlp",
    "multi_head_attention",
    "padded_conv2d",
    "patch_embedding",
    "relative_position_attention",
    "resize_bicubic",
    "resize_bilinear",
    "resize_nearest",
    "resnet_bottleneck",
    "rewritten_block",
    "rnn",
    "rotary_attention",
    "sliding_window_attention",
    "squeeze_excite",
    "swiglu",
    "transformer_decoder_block",
    "transformer_encoder_block",
))
LINEAR = {"inner": [], "widths": [1, 1], "activation": "relu", "activate_last": False, "bias": False}


KNOWN = (
    KnownDivergence(
        component="openvino_cpu_default",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="products of matrices, convolutions, recurrences and what lies between them are computed in bfloat16, "
        "with 8 bits of precision, where the processor has AVX512_BF16 or AMX; elsewhere OpenVINO says that it "
        "computes in float32, and this component is not run",
        link="OpenVINO documentation, CPU Device, Floating Point Data Types Specifics: On platforms that natively "
        "support half-precision calculations (bfloat16 or float16), the half-precision type (bf16 or f16) is "
        "automatically used instead of f32 to achieve better performance",
        versions=("openvino<=2026.4.1",),
        applies=lambda case: case.layer in PRODUCTS,
        witness=Case("mlp", {"batch": 1, "dtype": "float32", **LINEAR}, 0, {"x": np.array([[1.2345678]], np.float32)}),
    ),
)
