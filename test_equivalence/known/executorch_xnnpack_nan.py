"""What XNNPACK's operators make of NaN where ExecuTorch delegates to them, each operator on its own.

On x86 max(NaN, limit) is the limit, and max(limit, NaN) is NaN. Which of the two a kernel has is its own affair.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import Condition, both, config_is, in_half, non_finite, not_a_number
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.dtypes import is_float
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

XNNPACK = load_file(Path(__file__).with_name("executorch_xnnpack.py"))
ONE, HALF = XNNPACK.ONE, {"batch": 1, "dtype": "float16"}
WINDOW = {"kernel": [1, 1], "stride": [1, 1], "dilation": [1, 1], "padding": [0] * 4, "size": [1, 1]}
# "XNNPACK provides no guarantees about NaN handling in min/max operations."
NO_GUARANTEE = "https://github.com/google/XNNPACK/issues/441"
# What the gates of a recurrent layer, and tanh, give is finite whatever the infinities they are given.
GATED = {"bidirectional_lstm", "gru", "lstm"}
# Their first linear layer makes infinities of an infinity and no NaN; what follows is the product of two matrices'.
ATTENTION = {"attention_cache_step", "grouped_query_attention", "multi_head_attention"}


def of_kind(*kinds: str) -> Condition:
    """Return a condition: the config has one of these kinds, or none."""
    return lambda case: case.config.get("kind", kinds[0]) in kinds


def reaches_linear(case: Case) -> bool:
    """Whether a linear layer is given a NaN, or infinities of which it makes one."""
    given = [array for name, array in case.inputs.items() if is_float(array.dtype) and not name.startswith("past_")]
    finite = "tanh" in {case.config.get("activation"), case.config.get("nonlinearity")}
    if finite or case.layer in GATED | ATTENTION:
        return any(bool(np.isnan(array).any()) for array in given)
    return any(not np.isfinite(array).all() for array in given)


def reaches_product(case: Case) -> bool:
    """Whether a product of two of the inputs, or of what becomes of them, has a NaN."""
    if case.layer != "einsum":
        return non_finite(case)
    with np.errstate(all="ignore"):
        product = np.einsum(case.config["equation"], *(array.astype(np.float64) for array in case.inputs.values()))
    return bool(np.isnan(product).any())


def reaches_convolution(case: Case) -> bool:
    """Whether a convolution of several channels is given a NaN, or infinities of which it makes one.

    An infinity is one of several where padding repeats it or a second convolution is given the first one's.
    """
    if case.layer in {"resnet_bottleneck", "squeeze_excite"} or case.config.get("mode", "zeros") != "zeros":
        return non_finite(case)
    dense = case.layer in {"conv_transpose2d", "inverted_residual"} or not XNNPACK.taps_alone(case)
    return not_a_number(case) and dense


def limited(layer: str, *, kernel: str, witness: Case, applies: Condition) -> KnownDivergence:
    """Return an entry for an operator of float16 that loses a NaN between the two limits of its result."""
    return KnownDivergence(
        component="executorch_cpu",
        layer=layer,
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=f"{kernel} of float16 takes max(result, lower limit), which of NaN is the lower limit: -infinity, or 0 "
        "where a ReLU was fused; of float32 it takes max(lower limit, result) and keeps NaN; no guarantee is given",
        link=NO_GUARANTEE,
        versions=XNNPACK.VERSIONS,
        witness=witness,
        applies=both(in_half, applies),
        paths=XNNPACK.DELEGATED,
    )


def unguarded(*, reason: str, link: str, witness: Case, applies: Condition = every_case) -> KnownDivergence:
    """Return an entry for an operator for whose NaN XNNPACK promises nothing."""
    return KnownDivergence(
        component="executorch_cpu",
        layer=witness.layer,
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=reason,
        link=link,
        versions=XNNPACK.VERSIONS,
        witness=witness,
        applies=both(applies, not_a_number),
        paths=XNNPACK.DELEGATED,
    )


def nan(*shape: int, dtype: type = np.float16) -> np.ndarray:
    """Return an array of NaN."""
    return np.full(shape, np.nan, dtype)


KNOWN = (
    limited(
        "attention_cache_step bidirectional_lstm grouped_query_attention gru lstm mixer_block mlp "
        "multi_head_attention rewritten_block rnn swiglu transformer_decoder_block transformer_encoder_block",
        kernel="XNNPACK's fully connected operator (f16-f32acc-gemm, minmax)",
        witness=Case(
            "mlp",
            {**HALF, "inner": [], "widths": [1, 1], "activation": "relu", "activate_last": False, "bias": False},
            0,
            {"x": nan(1, 1)},
        ),
        applies=reaches_linear,
    ),
    limited(
        "alibi_attention attention attention_cache_step einsum grouped_query_attention multi_head_attention "
        "relative_position_attention rewritten_block rotary_attention sliding_window_attention "
        "transformer_decoder_block transformer_encoder_block",
        kernel="XNNPACK's product of batches of matrices, aten.bmm (f16-f32acc-gemm, minmax)",
        witness=Case(
            "einsum",
            {**HALF, "equation": "bij,jk->bik", "d": 1, "h": 1, "i": 2, "j": 2, "k": 2},
            0,
            {"left": nan(1, 2, 2), "right": np.ones((2, 2), np.float16)},
        ),
        applies=reaches_product,
    ),
    limited(
        "conv1d conv2d_bn_relu conv_transpose2d depthwise_conv2d inverted_residual padded_conv2d patch_embedding "
        "resnet_bottleneck squeeze_excite",
        kernel="XNNPACK's convolution, transposed too (f16-f32acc-igemm, minmax),",
        witness=Case(
            "conv_transpose2d",
            {
                **HALF,
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "size": [1, 1],
                "kernel": [1, 1],
                "stride": [1, 1],
                "padding": [0, 0],
                "output_padding": [0, 0],
                "bias": False,
            },
            0,
            {"x": nan(1, 1, 1, 1)},
        ),
        applies=reaches_convolution,
    ),
    limited(
        "batch_norm conv1d conv2d_bn_relu depthwise_conv2d inverted_residual padded_conv2d patch_embedding",
        kernel="XNNPACK's depthwise convolution, which batch normalisation becomes (f16-dwconv, minmax),",
        witness=Case(
            "depthwise_conv2d",
            {**HALF, "channels": 1, "multiplier": 1, "window": {**WINDOW, "kernel": [1, 3], "size": [1, 3]}}
            | {"bias": False},
            0,
            {"x": nan(1, 1, 1, 3)},
        ),
        applies=both(not_a_number, lambda case: bool(XNNPACK.taps_alone(case))),
    ),
    limited(
        "clip hard_activations l2_normalize relu_family",
        kernel="XNNPACK's clamp, which ReLU, ReLU6, Hardtanh and Clip become (f16-vclamp),",
        witness=Case("clip", {**HALF, "inner": [1], "bounds": [-1.0, 1.0]}, 0, {"x": nan(1, 1)}),
        applies=both(not_a_number, of_kind("relu", "relu6", "hardtanh")),
    ),
    unguarded(
        reason="XNNPACK's average pooling takes max(average, lower limit), which of NaN is the lower limit, -infinity "
        "(f32-avgpool and f16-avgpool, minmax); no guarantee is given",
        link=NO_GUARANTEE,
        witness=Case(
            "avg_pool2d",
            {**ONE, "channels": 1, "window": XNNPACK.WINDOW, "ceil_mode": False, "count_include_pad": False},
            0,
            {"x": nan(1, 1, 1, 1, dtype=np.float32)},
        ),
        applies=XNNPACK.delegated_floats,
    ),
    unguarded(
        reason="XNNPACK's maximum pooling of float32 drops a NaN as the order of its comparisons goes, and where one "
        "is left it takes max(NaN, lower limit), which is -infinity (f32-maxpool, minmax); no guarantee is given",
        link=NO_GUARANTEE,
        witness=Case(
            "max_pool2d",
            {**ONE, "channels": 1, "window": WINDOW, "ceil_mode": False},
            0,
            {"x": nan(1, 1, 1, 1, dtype=np.float32)},
        ),
        applies=config_is(dtype="float32"),
    ),
    unguarded(
        reason="XNNPACK's maximum pooling of float16 compares the bits as integers, of which NaN's are beyond "
        "infinity's, and then takes min(result, upper limit), which is infinity (f32-maxpool/maxpool.c.in); no "
        "guarantee is given",
        link=NO_GUARANTEE,
        witness=Case(
            "max_pool2d", {**HALF, "channels": 1, "window": WINDOW, "ceil_mode": False}, 0, {"x": nan(1, 1, 1, 1)}
        ),
        applies=in_half,
    ),
    unguarded(
        reason="XNNPACK's exponential takes max(x, -127) of what is the exponent of 2, which of NaN is -127, and 0 "
        "comes of it (f32-vexp); of float16 and bfloat16 too, between two casts to float32; XNNPACK promises nothing "
        "for NaN",
        link="https://github.com/tensorflow/tfjs/pull/3855",
        witness=Case(
            "softplus",
            {**ONE, "inner": [1], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.array([[np.nan]], np.float32)},
        ),
    ),
)
