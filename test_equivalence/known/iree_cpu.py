"""Known divergences of IREE's compiler."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, config_is
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("iree-base-compiler<=3.13.0",)
GRU = {"batch": 2, "dtype": "float32", "time": 2, "features": 1, "hidden": 1, "reset": "after"}


PRODUCT = {"batch": 1, "dtype": "float32", "d": 1, "h": 1, "i": 1, "j": 1, "k": 1}
SCORES = Case(
    "einsum",
    {"batch": 2, "dtype": "float32", "d": 2, "h": 2, "i": 3, "j": 4, "k": 1, "equation": "bhid,bhjd->bhij"},
    0,
    {"left": np.ones((2, 2, 3, 2), np.float32), "right": np.ones((2, 2, 4, 2), np.float32)},
)
GROUPED = Case(
    "grouped_query_attention",
    {
        "batch": 2,
        "dtype": "float32",
        "heads": 2,
        "groups": 2,
        "depth": 4,
        "width": 5,
        "length": 3,
        "shared": "expanded",
        "bias": False,
    },
    0,
    {"x": np.arange(30, dtype=np.float32).reshape(2, 3, 5)},
)
OWN = Case(
    "multi_head_attention",
    {
        "batch": 2,
        "dtype": "float32",
        "cross": False,
        "heads": 2,
        "embed": 8,
        "query_length": 5,
        "key_length": 5,
        "mask": "none",
    },
    0,
    {"x": np.sin(np.arange(80, dtype=np.float32)).reshape(2, 5, 8)},
)
COMPUTED_SIZES = (
    "Reshape to sizes that the model computes takes a -1 among them for a size instead of for what is left: tf2onnx "
    "writes every Einsum of four axes so, and the product that follows has -1 rows"
)


def nothing_summed(case: Case) -> bool:
    """Whether a product of matrices sums no numbers at all."""
    return config_is(j=0, equation="bij,jk->bik")(case)


def opened(case: Case) -> bool:
    """Whether the batch is left open."""
    return bool(case.open_axes)


KNOWN = (
    KnownDivergence(
        component="iree_cpu",
        layer="gru rnn",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="onnx.GRU and onnx.RNN are written out with zeros to put their results in, whose sizes are constants "
        "out of the types, -1 where the batch is open, which 'linalg.fill' refuses; the pull request puts LSTM right",
        link="https://github.com/llvm/torch-mlir/pull/4150",
        versions=VERSIONS,
        witness=Case(
            "gru",
            {**GRU, "initial_state": False, "bias": True},
            0,
            {"x": np.ones((3, 2, 1), np.float32)},
            open_axes=("batch",),
        ),
        applies=opened,
        paths="torch>*",
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="sinusoidal_positions",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="math.sin and math.cos in float32 become polynomials after a reduction of the range in float32: off by "
        "2e-6 at 100, by 3e-4 at 10000, and beyond about 1e9 outside -1 to 1, down to -infinity",
        link="https://github.com/llvm/llvm-project/issues/118784",
        versions=VERSIONS,
        witness=Case(
            "sinusoidal_positions",
            {
                "batch": 1,
                "dtype": "float32",
                "order": "sin_cos",
                "pairs": 1,
                "odd": False,
                "shift": 0,
                "period": 10000.0,
                "inner": [],
            },
            0,
            {"t": np.array([1e10], np.float32)},
        ),
        applies=beyond(1e8),
    ),
    *(
        KnownDivergence(
            component="iree_cpu",
            layer=layers,
            stage=stage,
            status=status,
            fix=Fix.UPSTREAM,
            reason=COMPUTED_SIZES,
            link="https://github.com/iree-org/iree/issues/24261",
            versions=VERSIONS,
            witness=witness,
            applies=applies,
            paths="tensorflow>onnx_from_tensorflow>*",
        )
        for layers, stage, status, applies, witness in (
            ("einsum", Stage.RUN, Status.ERROR, config_is(equation="bhid,bhjd->bhij"), SCORES),
            ("grouped_query_attention", Stage.COMPARE, Status.MISMATCH, every_case, GROUPED),
            ("multi_head_attention transformer_decoder_block", Stage.COMPARE, Status.MISMATCH, every_case, OWN),
        )
    ),
    KnownDivergence(
        component="iree_cpu",
        layer="einsum",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="MatMul that sums no numbers ends iree-compile, after a warning that it reads what nobody has written",
        link="none found: iree-compile crash matmul zero size contraction dimension uninitialized tensor.empty",
        versions=VERSIONS,
        witness=Case(
            "einsum",
            {**PRODUCT, "j": 0, "equation": "bij,jk->bik"},
            0,
            {"left": np.ones((1, 1, 0), np.float32), "right": np.ones((0, 1), np.float32)},
        ),
        applies=nothing_summed,
    ),
)
