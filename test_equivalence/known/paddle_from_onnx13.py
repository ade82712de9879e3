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


def pads_with_other_than_zero(case: Case) -> bool:
    """Whether Pad fills with a number that is not 0: as asked, or -infinity where tf2onnx pads before MaxPool."""
    if case.layer == "max_pool2d":
        window = case.config["window"]
        return any(window["padding"]) and (case.config["ceil_mode"] or max(window["dilation"]) > 1)
    return case.layer == "pad" and case.config["mode"] == "constant" and case.config["value"] != 0


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
    *(
        diverges(
            layer,
            witness,
            "the number that Pad fills with is an input since opset 11; X2Paddle looks for the attribute of before and "
            f"fills with 0{where}",
            "none found: X2Paddle onnx Pad constant_value input ignored opset 11 fills with 0",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            applies=pads_with_other_than_zero,
            paths=paths,
        )
        for layer, where, paths, witness in (
            (
                "pad",
                "",
                "*",
                Case(
                    "pad",
                    {
                        **SIZES,
                        "channels": 1,
                        "size": [1, 1],
                        "mode": "constant",
                        "padding": [[0, 1], [0, 0]],
                        "value": 2.0,
                    },
                    0,
                    {"x": ROW[np.newaxis]},
                ),
            ),
            (
                "max_pool2d",
                "; before a maximum over windows that is to be -infinity",
                "tensorflow>*",
                Case(
                    "max_pool2d",
                    {
                        **SIZES,
                        "channels": 1,
                        "window": {
                            "kernel": [3, 3],
                            "stride": [2, 2],
                            "dilation": [1, 1],
                            "padding": [1, 1, 1, 1],
                            "size": [2, 2],
                        },
                        "ceil_mode": True,
                    },
                    0,
                    {"x": -1 - FOUR},
                ),
            ),
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
    diverges(
        "gather",
        Case(
            "gather",
            {**SIZES, "batch": 2, "inner": [1], "axis": 1, "picked": 1, "indices": "int64", "negative": True},
            0,
            # Before the first row lies what the process left; before the second, always the first.
            {"x": np.array([[1], [2]], np.float32), "indices": np.array([-1], np.int64)},
        ),
        "Gather becomes paddle.gather, which takes no negative index: where what lies before is the process's own, "
        "Paddle Lite copies that, of the second row the end of the first",
        "none found: X2Paddle onnx Gather negative index -1 paddle.gather OutOfRangeError element of Index",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(negative=True),
        paths="torch>*>paddle_lite_x86",
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
        paths="torch>*",
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
        paths="torch>*",
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
            "conv_transpose2d",
            {
                **SIZES,
                "dtype": "float16",
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
            {"x": np.ones((1, 1, 1, 1), np.float16)},
        ),
        "layers are written in float32, and weights of half precision do not fit them: Variable dtype not match",
        "https://github.com/PaddlePaddle/X2Paddle/issues/943",
        applies=in_half,
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
        paths="torch>*",
    ),
)
