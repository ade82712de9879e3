"""Known divergences of Paddle Lite on x86; a check of its that fails ends the process."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import Condition, config_is, empty, spread_along_axis
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

SIZES = {"batch": 1, "dtype": "float32"}
IMAGE = np.ones((1, 1, 2, 2), np.float32)
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
            witness.layer,
            witness,
            REFUSED,
            "the optimiser meets a variable of a type that it has no name for: ConvertVarType, unknown type 0",
            "none found: Paddle-Lite opt ConvertVarType unknown type 0",
            paths=paths,
        )
        for paths, witness in (
            (
                "torch>*",
                Case(
                    "integer_division",
                    {**SIZES, "inner": [2], "numbers": "int32", "mode": "floor"},
                    0,
                    {"x": np.array([[3, -3]], np.int32)},
                ),
            ),
            (
                "tensorflow>*",
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
        applies=lambda case: case.layer in {"pad", "conv2d_bn_relu", "depthwise_conv2d", "padded_conv2d"},
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
