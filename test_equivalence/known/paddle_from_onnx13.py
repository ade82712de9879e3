"""Known divergences of X2Paddle, which reads ONNX up to opset 15. Its last release is of 2024."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import Condition, both, config_is, in_bfloat16, in_half, infinite
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

SIZES = {"batch": 1, "dtype": "float32"}
PIXELS = {**SIZES, "channels": 1, "size": [2, 2]}
ROW = np.ones((1, 1, 1), np.float32)
FOUR = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
CELL = {**SIZES, "time": 1, "features": 1, "hidden": 1, "initial_state": False, "bias": True}


def layer_in(*layers: str) -> Condition:
    """Return a condition: the case is of one of these layers."""
    return lambda case: case.layer in layers


def diverges(
    layer: str,
    witness: Case,
    reason: str,
    link: str,
    *,
    stage: Stage = Stage.CONVERT,
    status: Status = Status.ERROR,
    applies: Condition = every_case,
    paths: str = "*",
) -> KnownDivergence:
    return KnownDivergence(
        component="paddle_from_onnx13",
        layer=layer,
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=("x2paddle<=1.6.0",),
        witness=witness,
        applies=applies,
        paths=paths,
    )


def padded_apart(case: Case) -> bool:
    """Whether one or three spatial axes are padded by an operator of its own."""
    if case.layer == "pad":
        return len(case.config["size"]) != 2
    padding = case.config["window"]["padding"] if case.layer in {"conv1d", "conv3d"} else []
    middle = len(padding) // 2
    return bool(padding[:middle] != padding[middle:])


KNOWN = (
    diverges(
        "*lstm",
        # tf2onnx makes no LSTM operator of a batch and a length of 1.
        Case("lstm", {**CELL, "batch": 2, "layers": 1}, 0, {"x": np.ones((2, 1, 1), np.float32)}),
        "what reads an LSTM's results looks for them under the node's name with _p0, _p1 or _p2, and the LSTM writes "
        "them under ONNX's names: as soon as an operator reads a state, AssertionError, couldn't find in previous "
        "layers",
        "https://github.com/PaddlePaddle/X2Paddle/issues/762",
    ),
    *(
        diverges(
            "*",
            witness,
            f"where ONNX's inference of shapes ends, at {what}, the type of what follows is 0, unknown, and X2Paddle "
            "looks it up before it asks which operators it has: KeyError: 0",
            "https://github.com/PaddlePaddle/X2Paddle/issues/528",
            applies=layer_in(*layers),
            paths=paths,
        )
        for what, layers, paths, witness in (
            (
                "an operator of one's own",
                ("custom_operator",),
                "*",
                Case(
                    "custom_operator",
                    {**SIZES, "inner": [1], "lower": 0.5, "upper": 2.0},
                    0,
                    {"x": np.ones((1, 1), np.float32)},
                ),
            ),
            (
                "If or Loop",
                ("data_dependent_branch", "data_dependent_loop", "gru", "rnn"),
                "tensorflow>*",
                Case(
                    "gru", {**CELL, "batch": 2, "time": 2, "reset": "after"}, 0, {"x": np.ones((2, 2, 1), np.float32)}
                ),
            ),
        )
    ),
    diverges(
        "*",
        Case(
            "conv3d",
            {
                **SIZES,
                "in_channels": 1,
                "out_channels": 1,
                "window": {
                    "kernel": [1, 1, 1],
                    "stride": [1, 1, 1],
                    "dilation": [1, 1, 1],
                    "padding": [0, 0, 0, 0, 0, 1],
                    "size": [1, 1, 1],
                },
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 1, 1, 1), np.float32)},
        ),
        "Pad takes 4 or 8 widths of all axes, and not the 6 or 10 of one or three spatial ones: the padding value is "
        "wrong!",
        "https://github.com/PaddlePaddle/X2Paddle/issues/904",
        applies=padded_apart,
        paths="torch>*",
    ),
    diverges(
        "resize_*",
        Case("resize_bilinear", {**PIXELS, "out_size": [4, 4], "align_corners": False}, 0, {"x": FOUR}),
        "Resize by sizes leaves out region and scales, and X2Paddle counts the inputs that are there: IndexError",
        "https://github.com/PaddlePaddle/X2Paddle/pull/825",
        paths="torch>*",
    ),
    diverges(
        "mixture_of_experts",
        Case(
            "mixture_of_experts",
            {**SIZES, "length": 1, "width": 1, "hidden": 1, "experts": 2, "chosen": 1},
            0,
            {"x": ROW},
        ),
        "Gemm without its third input, which ONNX lets one leave out since opset 11: IndexError",
        "none found: X2Paddle onnx Gemm without C bias IndexError list index out of range",
        paths="tensorflow>*",
    ),
    diverges(
        "*",
        Case(
            "layer_norm",
            {**SIZES, "inner": [1, 2], "axes": 1, "eps": 1e-5, "affine": ["scale", "offset"]},
            0,
            {"x": np.ones((1, 1, 2), np.float32)},
        ),
        "GlobalAveragePool over one axis, as tf2onnx writes a mean over the last, hands Paddle a list for its size, or "
        "fails where it does not know how many axes there are",
        "none found: X2Paddle onnx GlobalAveragePool AdaptiveAvgPool1D output_size pool_size must be int",
        applies=layer_in(
            "layer_norm", "rewritten_block", "rms_norm", "transformer_decoder_block", "transformer_encoder_block"
        ),
        paths="tensorflow>*",
    ),
    diverges(
        "squeeze_excite",
        Case(
            "squeeze_excite",
            {
                **SIZES,
                "channels": 1,
                "reduced": 1,
                "height": 1,
                "width": 1,
                "layout": "NCHW",
                "activation": "relu",
                "gate": "sigmoid",
            },
            0,
            {"x": ROW[np.newaxis]},
        ),
        "an attribute that is an array is compared with its default: ValueError, the truth value of an array is "
        "ambiguous",
        "none found: X2Paddle remove_default_attrs ValueError truth value of an array with more than one element is "
        "ambiguous",
        paths="tensorflow>*",
    ),
    diverges(
        "conv1d",
        Case(
            "conv1d",
            {
                **SIZES,
                "in_channels": 2,
                "out_channels": 1,
                "groups": 1,
                "window": {"kernel": [3], "stride": [1], "dilation": [1], "padding": [1, 1], "size": [3]},
                "bias": True,
            },
            0,
            {"x": np.ones((1, 2, 3), np.float32)},
        ),
        "a convolution of an image of one row, as tf2onnx writes one of one axis, comes after reshaping to computed "
        "sizes, so that Paddle knows none of them and refuses the channels",
        "none found: X2Paddle onnx conv input's channels is -1 should be equal to filter's channels",
        paths="tensorflow>*",
    ),
    diverges(
        "*",
        Case(
            "grouped_query_attention",
            {
                **SIZES,
                "heads": 2,
                "depth": 1,
                "width": 1,
                "length": 2,
                "groups": 1,
                "shared": "expanded",
                "bias": True,
            },
            0,
            {"x": np.ones((1, 2, 1), np.float32)},
        ),
        "unflatten is written with sizes cut out at computed places, so that Paddle does not know how many there are "
        "and makes a shape of -1 sizes: std::bad_alloc, or min() of nothing",
        "none found: X2Paddle onnx reshape std::bad_alloc shape tensor unknown infer shape",
        applies=layer_in("grouped_query_attention", "attention_cache_step"),
        paths="torch>*",
    ),
    diverges(
        "resize_bicubic",
        Case(
            "resize_bicubic",
            {**PIXELS, "out_size": [4, 4], "coefficient": -0.5, "align_corners": False},
            0,
            {"x": FOUR},
        ),
        "Resize with the mode `cubic` is handed to Paddle under that name; Paddle calls it bicubic",
        "none found: X2Paddle onnx Resize cubic mode bicubic resample of image_resize",
        paths="tensorflow>*",
    ),
    diverges(
        "*",
        Case(
            "softmax",
            {**SIZES, "inner": [2, 2], "axis": -1},
            0,
            {"x": np.array([[[0, 1], [2, 3]]], np.float32)},
        ),
        "Softmax and LogSoftmax without an axis are along axis 1, which is their default up to opset 12; from 13 on it "
        "is the last axis, and tf2onnx leaves it out",
        "none found: X2Paddle onnx Softmax default axis opset 13 -1 wrong result",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: (
            case.layer in {"softmax", "log_softmax", "data_dependent_branch"} or "attention" in case.layer
        ),
        paths="tensorflow>*",
    ),
    diverges(
        "pad",
        Case(
            "pad",
            {**SIZES, "channels": 1, "size": [1, 1], "mode": "constant", "padding": [[0, 1], [0, 0]], "value": 2.0},
            0,
            {"x": ROW[np.newaxis]},
        ),
        "the number that Pad fills with is an input since opset 11; X2Paddle looks for the attribute of before and "
        "fills with 0",
        "none found: X2Paddle onnx Pad constant_value input ignored opset 11 fills with 0",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: case.config["mode"] == "constant" and case.config["value"] != 0,
    ),
    *(
        diverges(
            layer,
            Case(layer, {**PIXELS, "out_size": out_size, **how}, 0, {"x": FOUR}),
            "of Resize's coordinate_transformation_mode X2Paddle reads none where there are scales, and has Paddle "
            "take pixels from their corner",
            "none found: X2Paddle onnx Resize coordinate_transformation_mode half_pixel align_mode wrong result",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            applies=config_is(**how),
            paths="tensorflow>*",
        )
        for layer, out_size, how in (
            ("resize_nearest", [3, 3], {"centres": "half_pixel"}),
            ("resize_bilinear", [4, 4], {"align_corners": False}),
        )
    ),
    diverges(
        "data_dependent_loop",
        Case(
            "data_dependent_loop",
            {**SIZES, "writing": "python", "stop": "count", "most": 1, "length": 1, "width": 1},
            0,
            {"x": ROW, "steps": np.array(0, np.int32)},
        ),
        "a constant without axes, here the steps of a traced loop, becomes one of a single element: shape (1,)",
        "none found: X2Paddle onnx Constant scalar 0-D tensor shape becomes [1]",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(writing="python"),
        paths="torch>*",
    ),
    *(
        diverges(
            "*",
            Case(
                "sort",
                {**SIZES, "inner": [2], "axis": -1, "descending": False},
                0,
                {"x": np.array([[2, 1]], np.float32)},
            ),
            "Gather becomes paddle.gather, which takes no negative index, as PyTorch's exporter writes it for the last "
            f"of the sizes: {then}",
            link,
            stage=Stage.RUN,
            status=status,
            applies=layer_in("sort", "rotary_attention", "gather", "gru", "embedding_lookup"),
            paths=f"torch>*>{runtime}",
        )
        for runtime, status, then, link in (
            (
                "paddle_executor",
                Status.ERROR,
                "OutOfRangeError",
                "https://github.com/PaddlePaddle/Paddle/pull/68780",
            ),
            (
                "paddle_lite_x86",
                Status.CRASH,
                "it reads what lies before, and a check of that ends the process",
                "none found: X2Paddle onnx Gather negative index -1 paddle.gather OutOfRangeError element of Index",
            ),
        )
    ),
    *(
        diverges(
            "take_along_axis",
            Case(
                "take_along_axis",
                {**SIZES, "batch": 2, "inner": [2], "axis": -1, "picked": 1, "indices": "int32"},
                0,
                {"x": np.ones((2, 2), np.float32), "indices": np.zeros((2, 1), np.int32)},
                open_axes=("batch",),
            ),
            "GatherElements and GatherND of a batch are written with the sizes that X2Paddle knows: an open one is "
            f"-1, {then}",
            "none found: X2Paddle onnx GatherElements GatherND dynamic shape linspace num -1",
            stage=Stage.RUN,
            status=status,
            paths=f"*>{runtime}",
        )
        for runtime, status, then in (
            ("paddle_executor", Status.ERROR, "which linspace and reshape refuse"),
            ("paddle_lite_x86", Status.CRASH, "of which Paddle Lite makes a size that no memory has"),
        )
    ),
    diverges(
        "remainder",
        Case(
            "remainder",
            {**SIZES, "inner": [2], "numbers": "int32", "sign_of": "dividend"},
            0,
            {"x": np.array([[5, -7]], np.int32)},
        ),
        "Mod becomes paddle.remainder, whatever its attribute `fmod` says: the sign is the divisor's",
        "none found: X2Paddle onnx Mod fmod attribute paddle.remainder sign",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(sign_of="dividend"),
        paths="torch>*>paddle_executor",
    ),
    diverges(
        "l2_normalize",
        Case(
            "l2_normalize",
            {**SIZES, "inner": [1], "axes": [-1], "eps": 1e-3},
            0,
            {"x": np.array([[np.inf]], np.float32)},
        ),
        "Clip without an upper bound gets float32's greatest number for one: infinity becomes 3.4e38",
        "none found: X2Paddle onnx Clip missing max default 3.4028234663852886e+38",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=infinite,
        paths="torch>*>paddle_executor",
    ),
    diverges(
        "instance_norm",
        Case(
            "instance_norm",
            {**SIZES, "channels": 1, "spatial": [2, 2], "statistics": "running", "eps": 1e-3, "affine": True},
            0,
            {"x": FOUR},
        ),
        "BatchNormalization with numbers that are computed, here repeated by Tile, and no weights: KeyError",
        "none found: X2Paddle onnx BatchNormalization scale not initializer KeyError weights",
        applies=config_is(statistics="running"),
        paths="torch>*",
    ),
    diverges(
        "*",
        Case(
            "conv1d",
            {
                **SIZES,
                "dtype": "float16",
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "window": {"kernel": [1], "stride": [1], "dilation": [1], "padding": [0, 0], "size": [1]},
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 1), np.float16)},
        ),
        "layers are written in float32, and weights of half precision do not fit them: Variable dtype not match",
        "https://github.com/PaddlePaddle/X2Paddle/issues/943",
        applies=in_half,
        paths="torch>*",
    ),
    diverges(
        "*",
        Case(
            "one_hot",
            {**SIZES, "dtype": "bfloat16", "inner": [], "classes": 2, "classes_last": True, "indices": "int32"},
            0,
            {"indices": np.zeros(1, np.int32)},
        ),
        "bfloat16 is read as float32, and that is what comes out",
        "none found: X2Paddle onnx bfloat16 TENSOR_TYPE_TO_NP_TYPE float32",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=both(in_bfloat16, layer_in("one_hot", "embedding_lookup", "embedding_positional")),
        paths="torch>*>paddle_executor",
    ),
)
