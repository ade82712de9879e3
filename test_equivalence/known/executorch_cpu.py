"""Known divergences of ExecuTorch's runtime and its own kernels."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, not_a_number
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
WINDOW = {"kernel": [1, 2], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 2]}
CUBE = {"kernel": [1, 1, 1], "stride": [1, 1, 1], "dilation": [1, 1, 1], "padding": [0, 0, 0, 0, 0, 0]}


def of_integers(case: Case) -> bool:
    """Whether the numbers are integers."""
    return bool(case.config["numbers"] != "float")


def crops(case: Case) -> bool:
    """Whether the padding is negative somewhere."""
    return any(count < 0 for pair in case.config["padding"] for count in pair)


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
            {"batch": 1, "dtype": "float32", "channels": 1, "window": WINDOW, "ceil_mode": False},
            0,
            {"x": np.array([[[[1, np.nan]]]], np.float32)},
        ),
        applies=not_a_number,
        paths="*executorch_from_exported_program>*",
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten::native_layer_norm takes the mean of squares less the square of the mean for the variance, and "
        "nothing is left of it where the mean is far from 0: 11 % off at 1000 with a spread of 0.5",
        link="https://github.com/pytorch/executorch/pull/16727",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {"batch": 1, "dtype": "float32", "inner": [4], "axes": 1, "eps": 1e-5, "affine": []},
            0,
            {"x": np.array([[1001, 1001.5, 1002, 1002.25]], np.float32)},
        ),
        applies=lambda case: case.layer in {"layer_norm", "mixer_block"},
    ),
)
