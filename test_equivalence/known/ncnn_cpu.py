"""What ncnn's layers for CPUs are known to get wrong, with its defaults and without."""

from __future__ import annotations

from functools import partial

import numpy as np

from nnparity.conditions import beyond, empty, non_finite, small_row
from nnparity.divergence import Fix, KnownDivergence, of_each
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("ncnn<=1.0.20261020",)
RUNTIMES = ("ncnn_cpu", "ncnn_cpu_default")
BATCH_NORM = {"channels": 1, "spatial": [], "eps": 1e-5, "layout": "channels_first", "affine": True}
# Layers with products by weights, beside those with a transformer in their name.
PRODUCTS = frozenset((
    "attention_cache_step",
    "data_dependent_branch",
    "grouped_query_attention",
    "mixer_block",
    "mixture_of_experts",
    "mlp",
    "multi_head_attention",
    "rewritten_block",
    "squeeze_excite",
    "swiglu",
))
BRANCH = {
    "batch": 0,
    "dtype": "float32",
    "length": 2,
    "width": 3,
    "writing": "python",
    "gate": "any",
    "threshold": 0.0,
}
ONE_COLUMN = {"batch": 1, "dtype": "float32", "inner": [1]}


entries = partial(of_each, RUNTIMES, fix=Fix.UPSTREAM, versions=VERSIONS)

KNOWN: tuple[KnownDivergence, ...] = (
    *entries(
        "*",
        reason="NaN is lost where numbers are compared or bounded: Sigmoid, TanH, Clip, Pooling and HardSigmoid give a "
        "number for it, Softmax of a row with one is 0, and Exp of infinity is 2.4e38",
        link="none found: Tencent/ncnn NaN lost sigmoid tanh clip relu NaN input returns number",
        witness=Case(
            "relu_family", {**ONE_COLUMN, "inner": [8], "kind": "relu6"}, 0, {"x": np.full((1, 8), np.nan, np.float32)}
        ),
        applies=non_finite,
    ),
    *entries(
        "*",
        reason="TanH, Swish and Mish near 0 and Mish below -15 are right to 1e-7 absolute only: tanh is 0.14 % off at "
        "1e-5 and 0 from 1e-8 on",
        link="none found: Tencent/ncnn tanh precision small input fast approximation",
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 8],
                "activation": "tanh",
                "activate_last": True,
                "bias": False,
            },
            0,
            {"x": np.array([[1e-10]], np.float32)},
        ),
        applies=small_row(1e-2),
    ),
    *entries(
        "*",
        reason="integers are kept as they are, and arithmetic and what comes out read them as the bits of a float32",
        link="none found: Tencent/ncnn int32 integer input BinaryOp treated as float32 wrong result",
        witness=Case(
            "remainder",
            {**ONE_COLUMN, "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([[5]], np.int32)},
        ),
        applies=lambda case: str(case.config.get("numbers", "")).startswith("int"),
    ),
    *entries(
        "softplus",
        reason="Softplus is log(exp(x) + 1), infinite from 89 on where it is x",
        link="none found: Tencent/ncnn Softplus log exp overflow inf large input",
        witness=Case(
            "softplus", {**ONE_COLUMN, "beta": 1.0, "threshold": 20.0}, 0, {"x": np.full((1, 1), 100, np.float32)}
        ),
        applies=beyond(88),
    ),
    *entries(
        "sinusoidal_positions",
        reason="sines and cosines of numbers beyond a million are those of another angle, and -infinity from 1e10 on",
        link="none found: Tencent/ncnn UnaryOp sin cos large argument wrong result inf",
        witness=Case(
            "sinusoidal_positions",
            {
                "batch": 8,
                "dtype": "float32",
                "pairs": 3,
                "period": 10000.0,
                "order": "sin_cos",
                "odd": False,
                "shift": 1,
                "inner": [],
            },
            0,
            {"t": np.full((8,), 1e17, np.float32)},
        ),
        applies=beyond(1e5),
    ),
    *(
        entry
        for shown, layer, size, keys, then in (
            ((Stage.RUN, Status.ERROR), "batch_norm", (1,), BATCH_NORM, "and what comes out cannot be read"),
            ((Stage.RUN, Status.CRASH), "clip", (5,), {"inner": [5], "bounds": [-1.0, 1.0]}, "or it ends the process"),
        )
        for entry in entries(
            "*",
            shown=shown,
            reason=f"ncnn has no tensors without elements: a layer fails, {then}",
            link="none found: Tencent/ncnn empty Mat input zero size segmentation fault extract",
            witness=Case(layer, {"batch": 0, "dtype": "float32", **keys}, 0, {"x": np.zeros((0, *size), np.float32)}),
            applies=empty,
        )
    ),
    *entries(
        "data_dependent_branch",
        reason="ncnn has no tensors without elements: a layer fails, and a constant of the branch comes out instead",
        link="none found: Tencent/ncnn empty Mat input zero size segmentation fault extract",
        witness=Case("data_dependent_branch", BRANCH, 0, {"x": np.zeros((0, 2, 3), np.float32)}),
        applies=empty,
    ),
    *entries(
        "logsumexp",
        reason="it is a logarithm of a sum of Exp, which overflows beyond 88",
        link="none found: Tencent/ncnn Reduction LogSumExp overflow inf",
        witness=Case(
            "logsumexp",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "keepdims": False},
            0,
            {"x": np.full((1, 2), 100, np.float32)},
        ),
        applies=beyond(80),
    ),
    KnownDivergence(
        component="ncnn_cpu_default",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="InnerProduct keeps its weights in half precision where use_fp16_storage is on, as it is by default",
        link="ncnn, src/option.cpp, Option::Option(): use_fp16_storage = true",
        versions=VERSIONS,
        witness=Case(
            "squeeze_excite",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 5,
                "reduced": 2,
                "height": 3,
                "width": 4,
                "layout": "NCHW",
                "activation": "relu",
                "gate": "sigmoid",
            },
            0,
            {"x": np.ones((1, 5, 3, 4), np.float32)},
        ),
        applies=lambda case: case.layer in PRODUCTS or "transformer" in case.layer,
        # By so much half precision's unit of rounding is greater than float32's.
        up_to=2.0**13,
    ),
)
