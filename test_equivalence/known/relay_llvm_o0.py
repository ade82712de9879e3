"""What TVM 0.19's kernels for CPUs are known to get wrong, with and without graph optimisations."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)


def activated(case: Case, activation: str) -> bool:
    """Whether the layer applies it; a single linear layer may name an activation and have none."""
    config = case.config
    applied = config.get("activate_last", True) or len(config["widths"]) > 2
    return bool(config.get("activation") == activation and applied)


def rectifies(case: Case) -> bool:
    applied = activated(case, "relu") or case.config.get("nonlinearity") == "relu"
    return applied or case.layer in {
        "conv2d_bn_relu",
        "resnet_bottleneck",
        "inverted_residual",
        "mixture_of_experts",
    }


def tanh_of_small_numbers(case: Case) -> bool:
    """Whether the layer computes a tanh of something small.

    That is where some row of an input, none of it beyond 1, is not wholly zero, and where the gates of an LSTM are so
    far from zero that they leave next to nothing of its cell.
    """
    rows = [np.abs(array).max(axis=-1) for array in case.inputs.values() if array.dtype.kind == "f"]
    small = any(bool(((row > 0) & (row <= 1)).any()) for row in rows)
    has_cell = case.layer in {"lstm", "bidirectional_lstm"}
    recurrent = has_cell or case.layer == "gru" or case.config.get("nonlinearity") == "tanh"
    return (small and (recurrent or activated(case, "tanh"))) or (has_cell and beyond(4)(case))


def single_along_an_axis(case: Case) -> bool:
    """Whether some input has one element along some axis."""
    return any(1 in array.shape for array in case.inputs.values() if array.dtype.kind == "f")


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "relu(NaN) is 0: max(x, 0) compiles to a comparison and a selection, which take the second operand where "
            "the first is NaN (topi relu, tir.max in target/llvm/codegen_llvm.cc)"
        ),
        link="https://github.com/apache/tvm/issues/19579",
        versions=VERSIONS,
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "relu",
                "activate_last": True,
                "bias": False,
            },
            seed=0,
            inputs={"x": np.array([[np.nan]], dtype=np.float32)},
        ),
        applies=both(rectifies, non_finite),
    ),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason=(
            "tanh is computed as (1 - exp(-2x)) / (1 + exp(-2x)), which cancels near 0: tanh(1e-5) is 0.14 % off, "
            "tanh(1e-8) is 0 (target/intrin_rule.cc, DispatchNumericalStableTanh)"
        ),
        link="none found: tvm llvm tanh small input precision cancellation",
        versions=VERSIONS,
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "tanh",
                "activate_last": True,
                "bias": False,
            },
            seed=0,
            inputs={"x": np.array([[1e-8]], dtype=np.float32)},
        ),
        applies=tanh_of_small_numbers,
    ),
    KnownDivergence(
        component="relay_llvm_o0",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "x - x is taken for 0 where x is NaN or infinite, on purpose, as a comment there says "
            "(arith/rewrite_simplify.cc, SubNode); litert-torch writes it for a softmax over one element"
        ),
        link="https://github.com/apache/tvm/issues/19503",
        versions=VERSIONS,
        witness=Case(
            "softmax",
            {"batch": 1, "dtype": "float32", "inner": [1], "axis": -1},
            seed=0,
            inputs={"x": np.array([[np.nan]], dtype=np.float32)},
        ),
        applies=both(single_along_an_axis, non_finite),
        paths="torch>tflite_from_torch>relay_from_tflite>*",
    ),
)
