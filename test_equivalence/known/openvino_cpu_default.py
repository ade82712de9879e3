"""What OpenVINO's default precision does to float32, on a processor where that default is bfloat16."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, config_is, empty, non_finite
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
SUMMED = {"d": 2, "h": 2, "i": 3, "j": 4, "k": 2, "equation": "bij,jk->bik"}
NOTHING = {"left": np.zeros((0, 3, 4), np.float32), "right": np.zeros((4, 2), np.float32)}
PATCHES = {
    "channels": 3,
    "patch": 2,
    "rows": 2,
    "columns": 3,
    "embed": 4,
    "layout": "NCHW",
    "class_token": False,
}
DOCUMENTED = (
    "OpenVINO documentation, CPU Device, Floating Point Data Types Specifics: On platforms that natively support "
    "half-precision calculations (bfloat16 or float16), the half-precision type (bf16 or f16) is automatically used "
    "instead of f32 to achieve better performance"
)
GROUPED = {"heads": 4, "depth": 4, "width": 5, "length": 3, "groups": 2, "shared": "expanded", "bias": True}
NARROW = {"activation": "gelu", "tokens": 1, "channels": 1, "token_hidden": 1, "channel_hidden": 1}
# One pixel in the last of six patches.
BESIDE = np.where(np.arange(72).reshape(1, 3, 4, 6) == 16, np.nan, 1).astype(np.float32)
ROWS = np.linspace(-1, 1, 32, dtype=np.float32).reshape(4, 8)
LINEAR = {"inner": [], "widths": [8, 4], "activation": "relu", "activate_last": False, "bias": False}


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
        link=DOCUMENTED,
        versions=("openvino<=2026.4.1",),
        applies=lambda case: case.layer in PRODUCTS,
        # By so much its unit of rounding is greater than float32's.
        up_to=2.0**16,
        witness=Case("mlp", {"batch": 4, "dtype": "float32", **LINEAR}, 0, {"x": ROWS}),
    ),
    KnownDivergence(
        component="openvino_cpu_default",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="in bfloat16 scores of thousands are off by more than one, so that a softmax chooses another key: what "
        "is off by then is the distance of two values, which no ratio of units of rounding bounds",
        link=DOCUMENTED,
        versions=("openvino<=2026.4.1",),
        applies=lambda case: "attention" in case.layer and beyond(32.0)(case),
        witness=Case(
            "grouped_query_attention",
            {"batch": 2, "dtype": "float32", **GROUPED},
            0,
            {"x": np.linspace(-127, 127, 30, dtype=np.float32).reshape(2, 3, 5)},
        ),
    ),
    KnownDivergence(
        component="openvino_cpu_default",
        layer="mixer_block",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="of one channel the variance is 0, and litert-torch writes its normalisation as x r - m r, with r the "
        "1000 that the epsilon leaves: m r is handed on in bfloat16, x r is not, and what that rounds off stays",
        link=DOCUMENTED,
        versions=("openvino<=2026.4.1",),
        # By so much more than in the entry above its error is increased.
        up_to=2.0**16 * 1000,
        witness=Case(
            "mixer_block", {"batch": 1, "dtype": "float32", **NARROW}, 0, {"x": np.full((1, 1, 1), 0.3, np.float32)}
        ),
        applies=config_is(channels=1),
        paths="torch>*>openvino_from_tflite>*",
    ),
    KnownDivergence(
        component="openvino_cpu_default",
        layer="patch_embedding",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a convolution in bfloat16 takes in the pixels beside its window, with weights of 0: a NaN or an "
        "infinity makes the neighbour NaN too",
        link="none found: openvino oneDNN bfloat16 convolution NaN neighbour padded kernel",
        versions=("openvino<=2026.4.1",),
        applies=non_finite,
        witness=Case("patch_embedding", {"batch": 1, "dtype": "float32", **PATCHES}, 0, {"x": BESIDE}),
    ),
    KnownDivergence(
        component="openvino_cpu_default",
        layer="einsum rotary_attention",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a product of matrices without elements, known beforehand, asks oneDNN for a primitive in bfloat16 that "
        "there is not: object is not initialized",
        link="https://github.com/openvinotoolkit/openvino/issues/37966",
        versions=("openvino<=2026.4.1",),
        applies=empty,
        witness=Case("einsum", {"batch": 0, "dtype": "float32", **SUMMED}, 0, NOTHING),
    ),
)
