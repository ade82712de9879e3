"""Known divergences of torch-mlir's lowering to StableHLO."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("torch-mlir<=20261001",)


def of_integers(case: Case) -> bool:
    """Whether the numbers are integers."""
    return bool(case.config["numbers"] != "float")


def sorts_open_batch(case: Case) -> bool:
    """Whether the layer sorts, for the greatest numbers or their order, and the batch is left open."""
    return case.layer in {"sort", "top_k", "mixture_of_experts"} and bool(case.open_axes)


KNOWN = (
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="attention",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a comparison of booleans, mask == 0, becomes a stablehlo.compare of type SIGNED; the specification "
        "asks for UNSIGNED there, and XLA refuses the module: Expected comparison type UNSIGNED",
        link="none found: torch-mlir stablehlo compare i1 SIGNED UNSIGNED comparison_type bool",
        versions=VERSIONS,
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "depth": 1,
                "query_length": 1,
                "key_length": 1,
                "mask": "fill_1e9",
            },
            0,
            {
                **{name: np.ones((1, 1, 1, 1), np.float32) for name in "qkv"},
                "mask": np.ones((1, 1, 1, 1), bool),
            },
        ),
        applies=either(config_is(mask="fill_1e9"), either(config_is(mask="fill_inf"), config_is(mask="causal"))),
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten.remainder of integers becomes stablehlo.remainder, which has the sign of the dividend; the issue "
        "is the same fault on the way to Linalg, where it was put right",
        link="https://github.com/llvm/torch-mlir/issues/3575",
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
        component="stablehlo_from_exported_program",
        layer="transformer_decoder_block",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a buffer that is not persistent is among the program's constants and not in its state, where the "
        "importer looks: Could not find state mapping for buffer",
        link="https://github.com/llvm/torch-mlir/issues/4744",
        versions=VERSIONS,
        witness=Case(
            "transformer_decoder_block",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "embed": 2,
                "hidden": 1,
                "length": 1,
                "memory_length": 1,
                "norm_first": False,
                "mask": "none",
            },
            0,
            {"x": np.ones((1, 1, 2), np.float32), "memory": np.ones((1, 1, 2), np.float32)},
        ),
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten.sort and aten.topk count places with a stablehlo.iota that has an open axis, which its verifier "
        "refuses: must be statically shaped; stablehlo.dynamic_iota is the operation for it",
        link="none found: torch-mlir stablehlo.iota must be statically shaped sort topk dynamic",
        versions=VERSIONS,
        witness=Case(
            "sort",
            {"batch": 2, "dtype": "float32", "inner": [2], "axis": -1, "descending": False},
            0,
            {"x": np.ones((3, 2), np.float32)},
            open_axes=("batch",),
        ),
        applies=sorts_open_batch,
    ),
)
