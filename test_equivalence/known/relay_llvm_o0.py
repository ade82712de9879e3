"""What TVM 0.19's kernels for CPUs are known to get wrong, with and without graph optimisations."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, either, non_finite, not_a_number
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
    """Whether the layer takes the greater or the smaller of an entry and a bound; Keras does so for PReLU."""
    return (
        activated(case, "relu")
        or case.layer == "conv2d_bn_relu"
        or case.config.get("kind") in {"relu", "relu6", "prelu", "hardtanh", "hardsigmoid"}
    )


def bounds_a_length(case: Case) -> bool:
    return case.layer == "l2_normalize"


def tanh_of_small_numbers(case: Case) -> bool:
    """Whether the layer computes a tanh and some row of an input, none of it beyond 1, is not wholly zero."""
    rows = [np.abs(array).max(axis=-1) for array in case.inputs.values() if array.dtype.kind == "f"]
    small = any(bool(((row > 0) & (row <= 1)).any()) for row in rows)
    return small and (activated(case, "tanh") or case.layer == "lstm")


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
            "relu(NaN) is 0, relu6(NaN) is 6: a maximum and a minimum compile to a comparison and a selection, which "
            "take the second operand where the first is NaN (topi relu, clip, tir.max in target/llvm/codegen_llvm.cc)"
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
        applies=either(both(rectifies, non_finite), both(bounds_a_length, not_a_number)),
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
