"""Known divergences of torch-mlir's lowering to StableHLO."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, row_near_zero
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("torch-mlir<=20261001",)


SQUARE = {"kernel": [2, 2], "stride": [2, 2], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [3, 3]}
PADDED = {"kernel": [2, 2], "stride": [2, 2], "padding": [0, 0], "size": [3, 3]}
NINE = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
ONE = {"batch": 1, "dtype": "float32"}


def counts_from_end(case: Case) -> bool:
    """Whether an index is negative."""
    return any(bool((array < 0).any()) for array in case.inputs.values() if array.dtype.kind == "i")


def lengthened_unlike(case: Case) -> bool:
    """Whether the axes of the output are lengthened by different numbers."""
    lengths: list[int] = case.config["output_padding"]
    return lengths != lengths[::-1]


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
        reason="aten.remainder becomes stablehlo.remainder, which has the sign of the dividend; the issue is the same "
        "fault on the way to Linalg, where it was put right",
        link="https://github.com/llvm/torch-mlir/issues/3575",
        versions=VERSIONS,
        witness=Case(
            "remainder",
            {"batch": 2, "dtype": "float32", "inner": [4], "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([[-1] * 4, [1] * 4], np.int32)},
        ),
        applies=config_is(sign_of="divisor"),
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
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="max_pool2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="what ceil_mode adds at the end is added at the beginning too (padding [[1, 1], [1, 1]] for [[0, 1], "
        "[0, 1]]), and every window is moved",
        link="https://github.com/llvm/torch-mlir/pull/4167",
        versions=VERSIONS,
        witness=Case("max_pool2d", {**ONE, "channels": 1, "window": SQUARE, "ceil_mode": True}, 0, {"x": NINE}),
        applies=config_is(ceil_mode=True),
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="avg_pool2d",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="ceil_mode is in the shape of the result and not in the padding of the stablehlo.reduce_window, whose "
        "verifier refuses it: inferred type(s) are incompatible with return type(s)",
        link="https://github.com/llvm/torch-mlir/pull/4196",
        versions=VERSIONS,
        witness=Case(
            "avg_pool2d",
            {**ONE, "channels": 1, "window": PADDED, "ceil_mode": True, "count_include_pad": True},
            0,
            {"x": NINE},
        ),
        applies=config_is(ceil_mode=True),
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="conv_transpose2d",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="output_padding is taken in the opposite order of the axes: [1, 0] lengthens the width, and the shape "
        "is another than the result's",
        link="none found: torch-mlir stablehlo transposed convolution output_padding reversed inferred shape "
        "incompatible",
        versions=VERSIONS,
        witness=Case(
            "conv_transpose2d",
            {
                **ONE,
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "size": [2, 2],
                "kernel": [2, 2],
                "stride": [2, 2],
                "padding": [0, 0],
                "output_padding": [1, 0],
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 2, 2), np.float32)},
        ),
        applies=lengthened_unlike,
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="padded_conv2d",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="circular padding begins with aten.empty, which becomes tensor.empty, no operation of StableHLO; XLA "
        "refuses the module",
        link="https://github.com/llvm/torch-mlir/pull/2092",
        versions=VERSIONS,
        witness=Case(
            "padded_conv2d",
            {
                **ONE,
                "in_channels": 1,
                "out_channels": 1,
                "size": [2, 2],
                "kernel": [1, 1],
                "stride": 1,
                "padding": [1, 1],
                "mode": "circular",
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 2, 2), np.float32)},
        ),
        applies=config_is(mode="circular"),
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="data_dependent_loop",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="while_loop with tensors from outside the loop: the importer reads the list of them as a list of "
        "Python's, and says that lists of unlike things are not supported (_import_hop_while_loop)",
        link="https://github.com/llvm/torch-mlir/pull/4338",
        versions=VERSIONS,
        witness=Case(
            "data_dependent_loop",
            {**ONE, "writing": "operator", "stop": "count", "most": 1, "length": 1, "width": 1},
            0,
            {"x": np.ones((1, 1, 1), np.float32), "steps": np.array(1, np.int32)},
        ),
        applies=config_is(writing="operator"),
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch-mlir's decomposition of aten.elu (DecomposeAtenEluOp in DecomposeComplexOps.cpp), which is what "
        "PyTorch's decompositions make of aten.selu before, takes exp(x) - 1, of which nothing is left near 0; of "
        "aten.celu they make expm1, which becomes stablehlo.exponential_minus_one and is right",
        link="https://github.com/llvm/torch-mlir/pull/2416",
        versions=VERSIONS,
        witness=Case("elu_family", {**ONE, "kind": "selu", "inner": [1]}, 0, {"x": np.array([[-1e-9]], np.float32)}),
        applies=both(either(config_is(kind="elu"), config_is(kind="selu")), row_near_zero(2**-3)),
        # All of it is lost, and 2 ** -18 of it is the budget.
        up_to=2.0**18,
    ),
    KnownDivergence(
        component="stablehlo_from_exported_program",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten.index becomes stablehlo.gather, which takes a negative index for 0; the pull request is the same "
        "fault on the way to Linalg, where it was put right",
        link="https://github.com/llvm/torch-mlir/pull/2233",
        versions=VERSIONS,
        witness=Case(
            "gather",
            {**ONE, "inner": [2], "axis": 1, "picked": 1, "indices": "int64", "negative": True},
            0,
            {"x": np.array([[1, 2]], np.float32), "indices": np.array([-1])},
        ),
        applies=both(lambda case: case.layer in {"gather", "embedding_lookup"}, counts_from_end),
    ),
)
