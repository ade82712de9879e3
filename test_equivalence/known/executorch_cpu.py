"""Known divergences of ExecuTorch's runtime and its own kernels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, in_bfloat16, not_a_number
from nnparity.contracts import Arrays
from nnparity.divergence import Fix, KnownDivergence
from nnparity.dtypes import BFLOAT16
from nnparity.layers import Case, weights_of
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
WINDOW = {"kernel": [1, 2], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 2]}
MIXER = load_file(Path(__file__).parents[2] / "models" / "mixer_block.py")
MIXER_BLOCK, MIXER_EPSILON, BLOCK_EPSILON = MIXER.LAYER, MIXER.EPSILON, 1e-5
# Of a group's size times its mean over its deviation: 99 is the least that exceeded the budget in 76,000 groups of
# float32; in half precision the same error is 2 ** 12 times less of a budget, in bfloat16 2 ** 15.
ROUNDED_AWAY = {"float32": 64.0, "float16": 2.0**18, "bfloat16": 2.0**21}
CUBE = {"kernel": [1, 1, 1], "stride": [1, 1, 1], "dilation": [1, 1, 1], "padding": [0, 0, 0, 0, 0, 0]}


def of_integers(case: Case) -> bool:
    """Whether the numbers are integers."""
    return bool(case.config["numbers"] != "float")


def crops(case: Case) -> bool:
    """Whether the padding is negative somewhere."""
    return any(count < 0 for pair in case.config["padding"] for count in pair)


def as_float64(arrays: Arrays) -> Arrays:
    """Return the arrays as a layer's reference takes them."""
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def normalised(case: Case) -> Iterator[tuple[np.ndarray, int, float]]:
    """Yield what the case's layer norms are given, the number of axes and epsilon, as far as inputs and weights say."""
    x, config = case.inputs["x"], case.config
    if case.layer == "layer_norm":
        yield x, config["axes"], config["eps"]
        if case.relation == "shifted":
            yield x + x.dtype.type(2), config["axes"], config["eps"]
    elif case.layer == "mixer_block":
        weights = as_float64(weights_of(MIXER_BLOCK, config, case.seed))
        silent = {name: 0 * array for name, array in weights.items() if name.startswith("channels_contract")}
        yield x, 1, MIXER_EPSILON
        # With the second network silent the block gives what that one's norm is given.
        yield MIXER_BLOCK.reference(config, {**weights, **silent}, as_float64(case.inputs))["y"], 1, MIXER_EPSILON
    else:
        yield x, 1, BLOCK_EPSILON


def normalises_far_from_zero(case: Case) -> bool:
    """Whether some group's mean is so many times its deviation that the squares' rounding exceeds the budget."""
    with np.errstate(all="ignore"):
        for array, axes, epsilon in normalised(case):
            groups = array.astype(np.float64).reshape(-1, math.prod(array.shape[array.ndim - axes :]))
            rounded = groups.shape[1] * np.abs(groups.mean(axis=1)) / np.sqrt(groups.var(axis=1) + epsilon)
            if (rounded > ROUNDED_AWAY[case.config["dtype"]]).any():
                return True
    return False


KNOWN = (
    KnownDivergence(
        component="executorch_cpu",
        layer="conv3d",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten::convolution has a kernel for inputs of three and four axes; of five it fails when it runs, not "
        "when the program is made or loaded",
        link="https://github.com/pytorch/executorch/issues/11704",
        versions=VERSIONS,
        witness=Case(
            "conv3d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "window": {**CUBE, "size": [1, 1, 1]},
                "bias": True,
            },
            0,
            {"x": np.ones((1, 1, 1, 1, 1), np.float32)},
        ),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten::remainder of integers has the sign of the dividend, as % in C++; of floats it was put right",
        link="https://github.com/pytorch/executorch/pull/90",
        versions=VERSIONS,
        witness=Case(
            "remainder",
            {"batch": 2, "dtype": "float32", "inner": [4], "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([[-1] * 4, [1] * 4], np.int32)},
        ),
        applies=both(config_is(sign_of="divisor"), of_integers),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="pad",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten::constant_pad_nd fails where the padding is negative, which crops: Out tensor is too small for "
        "the copy operation",
        link="https://github.com/pytorch/executorch/issues/13554",
        versions=VERSIONS,
        witness=Case(
            "pad",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [2],
                "mode": "constant",
                "padding": [[-1, 2]],
                "value": 0.0,
            },
            0,
            {"x": np.ones((1, 1, 2), np.float32)},
        ),
        applies=crops,
    ),
    *(
        KnownDivergence(
            component="executorch_cpu",
            layer="max_pool2d",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="aten::max_pool2d_with_indices keeps a NaN only where it is the first number of a window",
            link="none found: executorch portable max_pool2d_with_indices NaN not propagated",
            versions=VERSIONS,
            witness=Case(
                "max_pool2d",
                {"batch": 1, "dtype": dtype, "channels": 1, "window": WINDOW, "ceil_mode": False},
                0,
                {"x": np.array([[[[1, np.nan]]]], dtype)},
            ),
            applies=applies,
            paths=paths,
        )
        # XNNPACK is given none of bfloat16.
        for dtype, applies, paths in (
            ("float32", not_a_number, "*executorch_from_exported_program>*"),
            (BFLOAT16, both(in_bfloat16, not_a_number), "*executorch_from_exported_program_xnnpack>*"),
        )
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="layer_norm mixer_block rewritten_block transformer_decoder_block transformer_encoder_block",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten::native_layer_norm adds up the numbers and their squares in float32 and takes the mean of squares "
        "less the square of the mean for the variance (kernels/portable/cpu/op_native_layer_norm.cpp; NumPy gives the "
        "same bits so); where the mean is far from 0 nothing is left of it, or less than 0: 11 % off at 1000 with a "
        "spread of 0.5",
        link="https://github.com/pytorch/executorch/pull/16727",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {"batch": 1, "dtype": "float32", "inner": [4], "axes": 1, "eps": 1e-5, "affine": []},
            0,
            {"x": np.array([[1001, 1001.5, 1002, 1002.25]], np.float32)},
        ),
        applies=normalises_far_from_zero,
    ),
)
