"""Known divergences of AMD Quark's XINT8 quantiser."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import Condition, both, config_is, in_half
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE_TOKEN = {
    "batch": 2,
    "dtype": "float32",
    "activation": "gelu_tanh",
    "tokens": 1,
    "channels": 2,
    "token_hidden": 1,
    "channel_hidden": 1,
}

CONVERTING, LOADING = ((stage, Status.ERROR) for stage in (Stage.CONVERT, Stage.LOAD))
HALF = {"batch": 2, "dtype": "float16"}
WINDOW = {"kernel": [2, 2], "stride": [2, 2], "padding": [0, 0], "size": [4, 4]}
POOL = {**HALF, "channels": 1, "window": WINDOW, "ceil_mode": False, "count_include_pad": True}
CELL = {"time": 3, "features": 1, "hidden": 1, "layers": 1, "initial_state": False, "bias": True}
DENSE = {"inner": [], "widths": [3, 5, 2], "activation": "relu", "activate_last": False, "bias": True}
GROUPED = {"heads": 4, "depth": 4, "width": 5, "length": 3, "groups": 2, "shared": "expanded", "bias": True}
EXPERTS = {"experts": 2, "chosen": 1, "length": 1, "width": 1, "hidden": 1}
NORMALISED = {"channels": 1, "spatial": [2, 2], "statistics": "input", "eps": 1e-5, "affine": True}
CACHED = {"heads": 2, "depth": 3, "width": 4, "past": 4}
BIASED = {"heads": 1, "length": 2, "depth": 1, "causal": True}
SCORED = {"heads": 1, "query_length": 1, "key_length": 1, "depth": 1, "mask": "fill_1e9"}
MIXED = "a model in float16 with any tensor in float32 is not taken for one in float16 (check_model_is_fp16)"


def ones(*names: str, of: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return an array of ones in float16 for each name."""
    return {name: np.ones(of, np.float16) for name in names}


def one_of(*layers: str) -> Condition:
    """Return a condition: the layer is one of these."""
    return lambda case: case.layer in layers


def in_float16(
    layers: str,
    *,
    shown: tuple[Stage, Status],
    reason: str,
    searched: str,
    witness: Case,
    paths: str = "*",
    applies: Condition = in_half,
) -> KnownDivergence:
    """Return an entry for these layers, separated by spaces, in float16, which the quantiser says that it takes."""
    return KnownDivergence(
        component="onnx_xint8_from_onnx",
        layer="*",
        stage=shown[0],
        status=shown[1],
        fix=Fix.UPSTREAM,
        reason=reason,
        link=f"none found: AMD Quark ONNX {searched}",
        versions=("amd-quark<=0.13",),
        witness=witness,
        applies=both(one_of(*layers.split()), applies),
        paths=paths,
    )


IN_HALF = (
    in_float16(
        "adaptive_avg_pool2d attention_cache_step avg_pool2d global_pool patch_embedding rnn sinusoidal_positions",
        shown=CONVERTING,
        reason="a scale of float16 that is put right after calibration, as beside pooling and concatenation, is asked "
        "for its dtype's dtype (postprocess/refinement/refine.py, set_scale)",
        searched="refine set_scale 'numpy.dtypes.Float16DType' object has no attribute 'dtype'",
        witness=Case("avg_pool2d", POOL, 0, {"x": np.linspace(-1, 1, 32, dtype=np.float16).reshape(2, 1, 4, 4)}),
    ),
    in_float16(
        "bidirectional_lstm gru l2_normalize lstm resize_bicubic resize_bilinear rnn",
        shown=CONVERTING,
        reason="an optional input that is left out, as those of LSTM, Resize and Clip are, fails an assertion "
        "(quant_utils.py, convert_fp16_scale_to_fp32)",
        searched="convert_fp16_scale_to_fp32 AssertionError Node has no input optional input",
        witness=Case("lstm", {**HALF, **CELL}, 0, ones("x", of=(2, 3, 1))),
    ),
    in_float16(
        "alibi_attention sliding_window_attention transformer_decoder_block",
        shown=CONVERTING,
        reason="a scale is worked out in float16, in which twice 65504, as for a mask, is infinite, and so are the "
        "numbers that should bound it (quant_utils.py, scale2pos): cannot convert float infinity to integer",
        searched="scale2pos float16 OverflowError cannot convert float infinity to integer",
        witness=Case("alibi_attention", {**HALF, **BIASED}, 0, ones("q", "k", "v", of=(2, 1, 2, 1))),
    ),
    in_float16(
        "mlp resnet_bottleneck squeeze_excite",
        shown=CONVERTING,
        reason="cross-layer equalisation gives the weights of Conv and Gemm back in float32, beside inputs in float16",
        searched="cross layer equalization float16 Gemm bound to different types tensor(float16) and tensor(float)",
        witness=Case("mlp", {**HALF, **DENSE}, 0, ones("x", of=(2, 3))),
    ),
    *(
        in_float16(
            layers,
            shown=CONVERTING,
            reason=f"{MIXED}; optimised, its weights come through a Cast, and cross-layer equalisation, which looks "
            "for them at the Gemm or Conv, takes the first of none: IndexError",
            searched="cross layer equalization IndexError list index out of range get_weights_node_of_node float16",
            witness=witness,
            paths=paths,
        )
        for layers, witness, paths in (
            (
                "grouped_query_attention inverted_residual multi_head_attention resnet_bottleneck "
                "transformer_decoder_block",
                Case("grouped_query_attention", {**HALF, **GROUPED}, 0, ones("x", of=(2, 3, 5))),
                "tensorflow>*",
            ),
            (
                "mixture_of_experts",
                Case("mixture_of_experts", {**HALF, **EXPERTS}, 0, ones("x", of=(2, 1, 1))),
                "torch>onnx_from_torch>*",
            ),
        )
    ),
    in_float16(
        "embedding_lookup group_norm gru instance_norm rnn take_along_axis",
        shown=LOADING,
        reason=f"{MIXED}, and what stays in float16 is quantised as it is, which ONNX has from opset 19 on only",
        searched="QuantizeLinear tensor(float16) INVALID_GRAPH opset 18 check_model_is_fp16",
        witness=Case("instance_norm", {**HALF, **NORMALISED}, 0, ones("x", of=(2, 1, 2, 2))),
        paths="tensorflow>*",
    ),
    in_float16(
        "attention_cache_step",
        shown=LOADING,
        reason="when the model is brought back to float32 and its outputs are cast, an output that is used inside too "
        "is used cast (quant_utils.py, convert_fp16_scale_to_fp32): both types in one operator",
        searched="convert_fp16_scale_to_fp32 graph output used inside Cast type mismatch",
        witness=Case(
            "attention_cache_step",
            {**HALF, **CACHED},
            0,
            {**ones("x", of=(2, 1, 4)), **ones("past_key", "past_value", of=(2, 2, 4, 3))},
        ),
    ),
    in_float16(
        "attention",
        shown=LOADING,
        reason="an operator with an infinite constant, such as -1e9 in float16, is left out when the model is brought "
        "back to float32 (quant_utils.py, skip_node_with_inf_tensor), and nothing is cast around it",
        searched="skip_node_with_inf_tensor float16 output arg does not match expected type",
        witness=Case(
            "attention",
            {**HALF, **SCORED},
            0,
            {**ones("q", "k", "v", of=(2, 1, 1, 1)), "mask": np.ones((2, 1, 1, 1), bool)},
        ),
        paths="tensorflow>*",
        applies=both(in_half, config_is(mask="fill_1e9")),
    ),
)

KNOWN = (
    *IN_HALF,
    KnownDivergence(
        component="onnx_xint8_from_onnx",
        layer="mixer_block",
        stage=Stage.CONVERT,
        status=Status.OUT_OF_MEMORY,
        fix=Fix.UPSTREAM,
        reason="PowOfTwoCollector keeps the width of bins that a value's first calibration set gave it and adds bins "
        "for what lies beyond: a variance of nearly nothing at first and of a few at last is thousands of millions",
        link="none found: Quark ONNX PowOfTwoCollector collect_histogram_value bins grow memory calibration",
        versions=("amd-quark<=0.13",),
        witness=Case("mixer_block", ONE_TOKEN, 0, {"x": np.array([[[1, 2]], [[3, 5]]], np.float32)}, ("batch",)),
        # The variance of one token is nearly 0 by the fault of tf2onnx that takes it along the wrong axis.
        applies=config_is(tokens=1),
        paths="tensorflow>onnx_from_tensorflow>*",
    ),
    KnownDivergence(
        component="onnx_xint8_from_onnx",
        layer="layer_norm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the third input of LayerNormalization, which may be left out, is asked for where it is not: IndexError "
        "(operators/quant_ops/layernorm.py)",
        link="none found: AMD Quark ONNX LayerNormalization without bias IndexError list index out of range",
        versions=("amd-quark<=0.13",),
        witness=Case(
            "layer_norm",
            {"batch": 2, "dtype": "float32", "inner": [3], "axes": 1, "eps": 1e-5, "affine": []},
            0,
            {"x": np.arange(6, dtype=np.float32).reshape(2, 3)},
        ),
        applies=lambda case: "offset" not in case.config["affine"],
        # The other exporters write the operators that it is made of.
        paths="torch>onnx_from_torch>*",
    ),
)
