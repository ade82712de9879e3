"""Known divergences of Paddle Lite on x86; a check of its that fails ends the process."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import Condition, both, config_is, empty, in_half, not_a_number, spread_along_axis
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

SIZES = {"batch": 1, "dtype": "float32"}
IMAGE = np.ones((1, 1, 2, 2), np.float32)
# At 13 what tanh gets in there reaches the 89 from which on its exponential is infinite; this has room for weights.
FAR = 3.0
ENDS = (Stage.RUN, Status.CRASH)
REFUSED = (Stage.LOAD, Status.ERROR)


def diverges(
    layer: str,
    witness: Case,
    shown: tuple[Stage, Status],
    reason: str,
    link: str,
    *,
    applies: Condition = every_case,
    paths: str = "torch>*",
) -> KnownDivergence:
    return KnownDivergence(
        component="paddle_lite_x86",
        layer=layer,
        stage=shown[0],
        status=shown[1],
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=("paddlelite<=2.13rc0",),
        witness=witness,
        applies=applies,
        paths=paths,
    )


def open_batch(case: Case) -> bool:
    """Whether the batch is left open."""
    return bool(case.open_axes)


def boolean_mask(case: Case) -> bool:
    """Whether a mask of booleans, or a part of it, is a weight of the model."""
    by_inputs = case.layer == "multi_head_attention" and "key_padding" in case.config["mask"]
    return by_inputs or case.config.get("mask") == "causal" or case.layer == "sliding_window_attention"


def tanh_of_product(case: Case) -> bool:
    """Whether the layer has a GELU by tanh and an input that may be far from zero there."""
    by_tanh = case.config.get("approximate") == "tanh" or case.config.get("activation") == "gelu_tanh"
    return by_tanh and any(bool((~(np.abs(array) <= FAR)).any()) for array in case.inputs.values())


def beside_greater(case: Case) -> bool:
    """Whether softmax is along an axis that is not the last, and some numbers are far below others."""
    x = case.inputs["x"].astype(np.float64)
    inner = case.config["axis"] not in {-1, x.ndim - 1}
    with np.errstate(invalid="ignore"):
        return inner and bool((~(x.max(initial=0.0) - x <= 80)).any())


KNOWN = (
    diverges(
        "log_softmax",
        Case(
            "log_softmax",
            {**SIZES, "inner": [2], "axis": -1},
            0,
            {"x": np.array([[0, -200]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "log_softmax is the logarithm of softmax, which is 0 from 104 below the greatest entry on: -infinity",
        "none found: Paddle-Lite log_softmax log of softmax -inf x86",
        applies=spread_along_axis(80, half=8),
    ),
    *(
        diverges(
            layer,
            witness,
            REFUSED,
            "instance_norm must have its mean and its variance as outputs, which Paddle leaves out where it saves for "
            "inference: Check failed: is_dispensable || is_have_output",
            "https://github.com/PaddlePaddle/Paddle-Lite/pull/10360",
        )
        for layer, witness in (
            (
                "group_norm",
                Case(
                    "group_norm",
                    {
                        **SIZES,
                        "groups": 1,
                        "channels": 2,
                        "spatial": [2, 2],
                        "eps": 1e-3,
                        "layout": "channels_first",
                        "affine": True,
                    },
                    0,
                    {"x": np.ones((1, 2, 2, 2), np.float32)},
                ),
            ),
            (
                "instance_norm",
                Case(
                    "instance_norm",
                    {**SIZES, "channels": 1, "spatial": [2, 2], "statistics": "input", "eps": 1e-3, "affine": True},
                    0,
                    {"x": IMAGE},
                ),
            ),
        )
    ),
    *(
        diverges(
            layer,
            witness,
            REFUSED,
            "the optimiser meets a weight of booleans, a type that it has no name for: ConvertVarType, unknown type 0",
            "none found: Paddle-Lite opt ConvertVarType unknown type 0",
            applies=applies,
            paths=paths,
        )
        for layer, paths, applies, witness in (
            (
                "integer_division",
                "torch>*",
                every_case,
                Case(
                    "integer_division",
                    {**SIZES, "inner": [2], "numbers": "int32", "mode": "floor"},
                    0,
                    {"x": np.array([[3, -3]], np.int32)},
                ),
            ),
            (
                "*",
                "tensorflow>*",
                boolean_mask,
                Case(
                    "sliding_window_attention",
                    {**SIZES, "heads": 1, "depth": 1, "causal": True, "window": 1, "length": 2},
                    0,
                    {"q": IMAGE[..., :1], "k": IMAGE[..., :1], "v": IMAGE[..., :1]},
                ),
            ),
        )
    ),
    diverges(
        "*",
        Case(
            "pad",
            {**SIZES, "channels": 1, "size": [1, 1], "mode": "constant", "padding": [[0, 1], [0, 0]], "value": 0.0},
            0,
            {"x": np.ones((1, 1, 1, 1), np.float32)},
        ),
        REFUSED,
        "pad3d with its widths in a tensor, as X2Paddle writes it of opset 11 and newer, is not registered: Check "
        "failed: no type registered for kernel pad3d input argument Paddings",
        "none found: Paddle-Lite pad3d no type registered for kernel input argument Paddings tensor",
        applies=lambda case: (
            case.layer in {"pad", "conv2d_bn_relu", "depthwise_conv2d", "padded_conv2d", "sinusoidal_positions"}
        ),
    ),
    diverges(
        "max_pool2d",
        Case(
            "max_pool2d",
            {
                **SIZES,
                "channels": 1,
                "window": {
                    "kernel": [2, 2],
                    "stride": [1, 1],
                    "dilation": [2, 1],
                    "padding": [1, 0, 1, 0],
                    "size": [2, 2],
                },
                "ceil_mode": False,
            },
            0,
            {"x": IMAGE},
        ),
        REFUSED,
        "pad3d with its widths in a tensor, where TensorFlow computes those of a dilated pooling, is not registered: "
        "Check failed: no type registered for kernel pad3d input argument Paddings",
        "none found: Paddle-Lite pad3d no type registered for kernel input argument Paddings tensor",
        applies=lambda case: any(case.config["window"]["padding"]) and max(case.config["window"]["dilation"]) > 1,
        paths="tensorflow>*",
    ),
    diverges(
        "*",
        Case(
            "top_k",
            {**SIZES, "inner": [], "length": 2, "k": 1, "largest": False, "indices": True},
            0,
            {"x": np.array([[0, 1]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "topk_v2 does not read its attribute `largest`: of the smallest it gives the greatest",
        "none found: Paddle-Lite topk_v2 largest attribute ignored host kernel",
        applies=lambda case: (
            (case.layer == "top_k" and not case.config["largest"])
            or (case.layer == "sort" and not case.config["descending"])
        ),
    ),
    diverges(
        "softmax",
        Case(
            "softmax",
            {**SIZES, "inner": [2, 2], "axis": 1},
            0,
            {"x": np.array([[[0, 200], [0, 0]]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "along an axis that is not the last, softmax subtracts the greatest number of all rows that lie beside each "
        "other: what is 104 or more below it in another row becomes 0 / 0",
        "none found: Paddle-Lite x86 softmax axis not last NaN large values wrong maximum",
        applies=beside_greater,
    ),
    diverges(
        "*",
        Case(
            "adaptive_avg_pool2d",
            {**SIZES, "batch": 0, "channels": 1, "size": [2, 2], "out_size": [1, 1]},
            0,
            {"x": np.zeros((0, 1, 2, 2), np.float32)},
        ),
        ENDS,
        "tensors without elements end the process, by a check of the size or by a signal of the processor",
        "none found: Paddle-Lite zero size tensor batch 0 crash Check failed size",
        applies=empty,
        paths="*",
    ),
    diverges(
        "*",
        Case(
            "mlp",
            {
                **SIZES,
                "batch": 0,
                "inner": [],
                "widths": [1, 1],
                "activation": "relu",
                "activate_last": True,
                "bias": True,
            },
            0,
            {"x": np.zeros((0, 1), np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "of two sizes of elementwise operators the greater is that of the result, also of 0 and 1: of no rows there "
        "comes out one",
        "none found: Paddle-Lite elementwise broadcast zero size dimension 0 and 1",
        applies=config_is(batch=0),
        paths="*",
    ),
    diverges(
        "einsum",
        Case(
            "einsum",
            # glibc keeps up to 1032 bytes for who asks next and does not fill them, and 0 may be what was there.
            {**SIZES, "batch": 2, "equation": "bij,jk->bik", "h": 1, "i": 16, "j": 0, "d": 1, "k": 16},
            0,
            {"left": np.zeros((2, 16, 0), np.float32), "right": np.zeros((0, 16), np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "a product of matrices over an axis without elements is what was in the memory, not 0: of rows of length 0 "
        "MKL's cblas_sgemm says that its parameter 9 is incorrect, and computes nothing",
        "none found: Paddle-Lite matmul_v2 zero size inner dimension uninitialized result, cblas_sgemm parameter 9",
        applies=lambda case: case.config["batch"] > 0 and empty(case),
        paths="tensorflow>*",
    ),
    diverges(
        "*",
        Case(
            "gelu",
            {**SIZES, "inner": [1], "approximate": "tanh"},
            0,
            {"x": np.array([[20]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "a multiplication and tanh become one kernel, which divides exponentials by each other: NaN where they are "
        "infinite",
        "none found: Paddle-Lite fusion_elementwise_mul_activation tanh NaN large input x86",
        applies=tanh_of_product,
        paths="*",
    ),
    diverges(
        "group_norm",
        Case(
            "group_norm",
            {
                **SIZES,
                "groups": 1,
                "channels": 1,
                "spatial": [1, 2],
                "eps": 1e-5,
                "layout": "channels_last",
                "affine": False,
            },
            0,
            {"x": np.array([[[[1], [2]]]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "the mean of a tensor of more than four axes is not computed: the result is what was in the memory",
        "none found: Paddle-Lite x86 reduce_mean 5-D tensor wrong result",
        applies=lambda case: len(case.config["spatial"]) > 1,
        paths="tensorflow>*",
    ),
    diverges(
        "relu_family",
        Case(
            "relu_family",
            {**SIZES, "kind": "leaky_relu", "slope": 1.5, "inner": [1]},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "leaky_relu is the greater of the number and its product with the slope, which is right up to a slope of 1",
        "none found: Paddle-Lite x86 leaky_relu alpha greater than 1 wrong",
        applies=lambda case: case.config["kind"] == "leaky_relu" and case.config["slope"] > 1,
        paths="*",
    ),
    diverges(
        "one_hot",
        Case(
            "one_hot",
            {**SIZES, "dtype": "float16", "inner": [], "classes": 2, "classes_last": True, "indices": "int32"},
            0,
            {"indices": np.zeros(1, np.int32)},
        ),
        ENDS,
        "cast of float32 to float16 is not implemented, which the process ends at: other has not been implemented "
        "transform with dtype5 X, dtype4 Out",
        "https://github.com/PaddlePaddle/Paddle-Lite/issues/9778",
        applies=in_half,
    ),
    diverges(
        "global_pool",
        Case(
            "global_pool",
            {**SIZES, "channels": 1, "size": [1, 2], "kind": "max", "keep_axes": True},
            0,
            {"x": np.array([[[[np.nan, 1]]]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "a maximum over pixels keeps the greatest so far where that is greater, which NaN never is",
        "none found: Paddle-Lite x86 pool2d max NaN ignored",
        applies=both(config_is(kind="max"), not_a_number),
        paths="*",
    ),
    diverges(
        "l2_normalize",
        Case(
            "l2_normalize",
            {**SIZES, "inner": [2], "axes": [-1], "eps": 1e-3},
            0,
            {"x": np.array([[np.nan, 1]], np.float32)},
        ),
        (Stage.COMPARE, Status.MISMATCH),
        "the kernels of clip and maximum give, of NaN and a number, the number",
        "none found: Paddle-Lite x86 clip elementwise_max NaN lower bound",
        applies=not_a_number,
        paths="*",
    ),
    diverges(
        "patch_embedding",
        Case(
            "patch_embedding",
            {
                **SIZES,
                "channels": 1,
                "patch": 1,
                "rows": 1,
                "columns": 2,
                "embed": 1,
                "layout": "NCHW",
                "class_token": True,
            },
            0,
            {"x": np.ones((1, 1, 1, 2), np.float32)},
        ),
        ENDS,
        "cast of int64 to bool is not implemented, which the process ends at: other has not been implemented transform "
        "with dtype3 X, dtype0 Out",
        "https://github.com/PaddlePaddle/Paddle-Lite/issues/9778",
        applies=config_is(class_token=True),
    ),
    diverges(
        "relative_position_attention",
        Case(
            "relative_position_attention",
            {
                **SIZES,
                "heads": 1,
                "query_length": 1,
                "key_length": 2,
                "depth": 1,
                "both_ways": True,
                "buckets": 4,
                "max_distance": 8,
            },
            0,
            {"q": IMAGE[:, :, :1, :1], "k": IMAGE[:, :, :, :1], "v": IMAGE[:, :, :, :1]},
        ),
        ENDS,
        "lookup_table reads indices that a cast made of floats as what they are not: 4611686022168707072 of 8 rows",
        "none found: Paddle-Lite x86 lookup_table Check failed ids[i] < row_number",
    ),
    diverges(
        "embedding_positional",
        Case(
            "embedding_positional",
            {
                **SIZES,
                "batch": 2,
                "vocabulary": 2,
                "embed": 2,
                "length": 1,
                "max_length": 2,
                "ids_dtype": "int64",
                "positions": "sinusoidal",
                "scaled": False,
            },
            0,
            {"ids": np.zeros((2, 1), np.int64)},
            open_axes=("batch",),
        ),
        ENDS,
        "an addition in which both sides are widened ends the process: Wrong broadcast type",
        "none found: Paddle-Lite elementwise_op_func Wrong broadcast type",
        applies=open_batch,
    ),
)
