"""What a batch of no rows does to IREE's compiler."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
case, no_rows = NO_ROWS.case, NO_ROWS.no_rows
LOADING, RUNNING = NO_ROWS.LOADING, NO_ROWS.RUNNING
VERSIONS = ("iree-base-compiler<=3.13.0",)
PRODUCT = Case(
    "einsum",
    {**NO_ROWS.SIZES, "d": 1, "h": 1, "i": 2, "j": 2, "k": 2, "equation": "bij,jk->bik"},
    0,
    {"left": np.zeros((0, 2, 2), np.float32), "right": np.ones((2, 2), np.float32)},
)
ADDED = Case(
    "scatter",
    {**NO_ROWS.SIZES, "rows": 2, "inner": [2], "indices": "int32", "mode": "add"},
    0,
    {
        "table": np.zeros((2, 2), np.float32),
        "indices": np.zeros(0, np.int32),
        "updates": np.zeros((0, 2), np.float32),
    },
)

KNOWN: tuple[KnownDivergence, ...] = (
    *(
        no_rows(
            "iree_cpu",
            layers,
            shown=LOADING,
            fix=Fix.UPSTREAM,
            reason="Reshape of what has no elements to another shape without elements divides 0 by 0, which ends "
            "iree-compile (TorchToLinalg/DataMovement.cpp, getMultiplier), or takes a size for one that stays as it is",
            link="none found: torch-mlir ConvertAtenViewOp getMultiplier division by zero view reshape zero dimension",
            versions=VERSIONS,
            witness=witness,
            paths=paths,
        )
        for layers, witness, paths in (
            (
                "attention_cache_step data_dependent_branch grouped_query_attention instance_norm logsumexp "
                "mixture_of_experts swiglu take_along_axis transformer_decoder_block",
                case("logsumexp", 2, inner=[2], axis=-1, keepdims=False),
                "tensorflow>*",
            ),
            ("einsum mixture_of_experts", PRODUCT, "torch>*"),
            (
                "bidirectional_lstm grouped_query_attention gru lstm multi_head_attention rewritten_block rnn "
                "transformer_decoder_block transformer_encoder_block",
                case("gru", 2, 1, **NO_ROWS.RECURRENT, reset="after"),
                "torch>onnx_from_torch>*",
            ),
        )
    ),
    no_rows(
        "iree_cpu",
        "scatter",
        shown=LOADING,
        fix=Fix.UPSTREAM,
        reason="a scatter of no updates ends iree-compile by a division by 0 where the dispatches get their names "
        "(AnnotateDispatches.cpp, getMainTensorForLinalgExtOp)",
        link="none found: iree getMainTensorForLinalgExtOp AnnotateDispatches crash scatter empty updates",
        versions=VERSIONS,
        witness=ADDED,
    ),
    no_rows(
        "iree_cpu",
        "grouped_query_attention",
        shown=RUNNING,
        fix=Fix.UPSTREAM,
        reason="Expand of no rows to a shape with a 1 in their place, which leaves them, asks for at least one: "
        "expected this dim >= dim provided shape",
        link="none found: torch-mlir onnx.Expand input has a dim that is not statically 1 expected this dim >= dim",
        versions=VERSIONS,
        witness=case(
            "grouped_query_attention", 2, 2, **{**NO_ROWS.GROUPED, "heads": 4, "groups": 2, "depth": 2, "width": 2}
        ),
        paths="torch>onnx_from_torch>*",
    ),
)
