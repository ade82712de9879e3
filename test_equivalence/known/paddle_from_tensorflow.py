"""Known divergences of X2Paddle that only models of tf2onnx show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import Condition, config_is
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

OF_ALL = load_file(Path(__file__).with_name("paddle_from_onnx13.py"))
diverges = OF_ALL.diverges
layer_in = OF_ALL.layer_in
SIZES = OF_ALL.SIZES
PIXELS = OF_ALL.PIXELS
ROW = OF_ALL.ROW
FOUR = OF_ALL.FOUR
SAME_NAME = (
    "the second result of a Split that tf2onnx calls `split`, split:1, is looked for under the name of the next, "
    "`split_1`, whose first result it then takes"
)


def turned_in_part(pairing: str) -> Condition:
    """Return a condition: pairs of this kind are turned in some of the channels, so that Split parts them first."""
    return lambda case: case.config["pairing"] == pairing and case.config["turned"] < case.config["depth"]


def one_axis_mean(case: Case) -> bool:
    """Whether tf2onnx writes a mean of the layer over the last of three axes."""
    if case.layer == "group_norm":
        return not case.config["spatial"]
    return case.layer in {
        "layer_norm",
        "mixer_block",
        "rewritten_block",
        "rms_norm",
        "transformer_decoder_block",
        "transformer_encoder_block",
    }


def squeezed_or_summed(case: Case) -> bool:
    """Whether the layer has a Squeeze or a ReduceSum over two axes or more."""
    by_config = {"global_pool": ("keep_axes", False), "squeeze_excite": ("layout", "NCHW")}
    if case.layer == "l2_normalize":
        return len(case.config["axes"]) > 1
    key, value = by_config.get(case.layer, ("", None))
    return case.layer in by_config and case.config[key] == value


KNOWN = (
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
        applies=one_axis_mean,
        paths="tensorflow>*",
    ),
    diverges(
        "*",
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
        "an attribute that is an array, as the axes of Squeeze and ReduceSum are since opset 13, is compared with its "
        "default: ValueError, the truth value of an array is ambiguous",
        "none found: X2Paddle remove_default_attrs ValueError truth value of an array with more than one element is "
        "ambiguous",
        applies=squeezed_or_summed,
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
        "cumsum",
        Case(
            "cumsum",
            {**SIZES, "inner": [2], "axis": -1, "exclusive": False, "reverse": True},
            0,
            {"x": np.array([[1, 2]], np.float32)},
        ),
        "CumSum becomes paddle.cumsum, whatever its attributes `exclusive` and `reverse` say",
        "none found: X2Paddle onnx CumSum exclusive reverse attribute ignored",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: case.config["exclusive"] or case.config["reverse"],
        paths="tensorflow>*",
    ),
    *(
        diverges(
            "gather",
            Case(
                "gather",
                {**SIZES, "batch": 2, "inner": [3], "axis": -1, "picked": 1, "indices": "int32", "negative": True},
                0,
                {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "indices": np.array([0], np.int32)},
            ),
            f"Gather along axis -1 becomes paddle.gather along -1, which counts no axis from the back: {then}",
            "https://github.com/PaddlePaddle/Paddle/issues/43484",
            stage=stage,
            status=status,
            applies=config_is(axis=-1),
            paths=f"tensorflow>*>{runtime}",
        )
        for runtime, stage, status, then in (
            ("paddle_executor", Stage.RUN, Status.ERROR, "it reads sizes that lie before the first and refuses"),
            ("paddle_lite_x86", Stage.COMPARE, Status.MISMATCH, "in Paddle Lite that is the first axis"),
        )
    ),
    *(
        diverges(
            "one_hot",
            Case(
                "one_hot",
                {**SIZES, "batch": 2, "inner": [], "classes": 2, "classes_last": True, "indices": "int64"},
                0,
                {"indices": np.array([0, 1], np.int64)},
            ),
            "OneHot takes indices and their number in different types, and X2Paddle hands paddle.mod int64 and int32 "
            f"as they are, {then}",
            "none found: X2Paddle onnx OneHot depth int32 indices int64 elementwise_mod type does not match",
            stage=stage,
            status=status,
            applies=config_is(indices="int64"),
            paths=f"tensorflow>*>{runtime}",
        )
        for runtime, stage, status, then in (
            ("paddle_executor", Stage.RUN, Status.ERROR, "which refuses them"),
            ("paddle_lite_x86", Stage.COMPARE, Status.MISMATCH, "which Paddle Lite takes for numbers of one size"),
        )
    ),
    diverges(
        "padded_conv2d",
        Case(
            "padded_conv2d",
            {
                **SIZES,
                "in_channels": 1,
                "out_channels": 1,
                "size": [3, 3],
                "kernel": [1, 1],
                "stride": 1,
                "padding": [1, 1],
                "mode": "circular",
                "bias": False,
            },
            0,
            {"x": np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)},
        ),
        SAME_NAME,
        "none found: X2Paddle onnx Split output split:1 split_1 wrong input name",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(mode="circular"),
        paths="tensorflow>*",
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
    *(
        diverges(
            "rotary_attention",
            Case(
                "rotary_attention",
                {
                    **SIZES,
                    "heads": 1,
                    "length": 1,
                    "base": 10000.0,
                    "start": 0,
                    "pairing": "interleaved",
                    "turned": 4,
                    "depth": 5,
                },
                0,
                {name: np.ones((1, 1, 1, 5), np.float32) for name in "qkv"},
            ),
            f"{SAME_NAME}, and the sizes do not fit",
            "none found: X2Paddle onnx Split output split:1 split_1 wrong input name",
            stage=Stage.RUN,
            status=status,
            applies=turned_in_part("interleaved"),
            paths=f"tensorflow>*>{runtime}",
        )
        for runtime, status in (("paddle_executor", Status.ERROR), ("paddle_lite_x86", Status.CRASH))
    ),
    diverges(
        "rotary_attention",
        Case(
            "rotary_attention",
            {**SIZES, "heads": 1, "length": 1, "base": 10000.0, "start": 0, "pairing": "half", "turned": 2, "depth": 3},
            0,
            {name: np.ones((1, 1, 1, 3), np.float32) for name in "qkv"},
        ),
        "X2Paddle's inference of shapes looks for Split's sizes in the attribute that they were before opset 13, takes "
        "equal ones, and where that leaves half an element what follows has no type: KeyError: 0",
        "none found: X2Paddle onnx Split opset 13 split input SymbolicShapeInference KeyError 0",
        applies=turned_in_part("half"),
        paths="tensorflow>*",
    ),
    diverges(
        "softplus",
        Case(
            "softplus",
            {**SIZES, "inner": [1], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.full((1, 1), 100, np.float32)},
        ),
        "Softplus becomes paddle.nn.Softplus with the greatest integer for a threshold, below which Paddle computes "
        "log(1 + exp(x)): infinity from 89 on, and NaN times the 0 that tf2onnx makes of tf.where",
        "none found: X2Paddle onnx Softplus threshold sys.maxsize overflow inf",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: bool((case.inputs["x"].astype(np.float64) * case.config["beta"] > 88).any()),
        paths="tensorflow>*",
    ),
    diverges(
        "take_along_axis",
        Case(
            "take_along_axis",
            {**SIZES, "inner": [1], "axis": 1, "picked": 2, "indices": "int64"},
            0,
            {"x": np.ones((1, 1), np.float32), "indices": np.zeros((1, 2), np.int64)},
        ),
        "GatherND becomes paddle.gather_nd, whatever its attribute batch_dims says",
        "none found: X2Paddle onnx GatherND batch_dims attribute ignored",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        paths="tensorflow>*",
    ),
)
