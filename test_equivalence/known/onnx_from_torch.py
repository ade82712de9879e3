"""Known divergences of torch.onnx.export, the exporter on top of torch.export."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, non_finite, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

FUSED = {
    "batch": 1,
    "dtype": "float32",
    "heads": 1,
    "query_length": 1,
    "key_length": 1,
    "depth": 1,
    "mask": "sdpa_bool",
}
ONE = np.ones((1, 1, 1, 1), np.float32)
GROUPED = {
    "batch": 1,
    "dtype": "float32",
    "groups": 1,
    "heads": 2,
    "depth": 1,
    "width": 1,
    "length": 1,
    "shared": "enable_gqa",
    "bias": False,
}

INDEX = {
    "batch": 1,
    "dtype": "float32",
    "lookup": "index",
    "vocabulary": 2,
    "embed": 2,
    "inner": [],
    "padding": 0,
    "ids_dtype": "int32",
}


KNOWN = (
    KnownDivergence(
        component="onnx_from_torch",
        layer="attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="scaled_dot_product_attention with a boolean mask: onnxscript adds the lowest float32 instead of "
        "-infinity, so a row without a visible key becomes the mean of v, not zero",
        link="https://github.com/microsoft/onnxscript/pull/2654",
        versions=("torch<=2.13.0", "onnxscript<=0.7.2"),
        witness=Case("attention", FUSED, 0, {"q": ONE, "k": ONE, "v": ONE, "mask": np.zeros((1, 1, 1, 1), bool)}),
        applies=both(config_is(mask="sdpa_bool"), wholly_masked("mask")),
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="scaled_dot_product_attention with a boolean mask: Where(IsNaN(weights), 0, weights), meant for rows "
        "without a visible key, also turns the NaN of an input into zero",
        link="https://github.com/microsoft/onnxscript/pull/2479",
        versions=("torch<=2.13.0", "onnxscript<=0.7.2"),
        witness=Case(
            "attention", FUSED, 0, {"q": ONE * np.nan, "k": ONE, "v": ONE, "mask": np.ones((1, 1, 1, 1), bool)}
        ),
        applies=both(config_is(mask="sdpa_bool"), non_finite),
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="grouped_query_attention",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="scaled_dot_product_attention with enable_gqa: onnxscript writes Unsqueeze with axes of no axis, where "
        "ONNX wants one; Relay iterates over them, ONNX Runtime does not mind",
        link="none found: onnxscript scaled_dot_product_attention enable_gqa Unsqueeze axes scalar 0-d",
        versions=("torch<=2.13.0", "onnxscript<=0.7.2"),
        witness=Case("grouped_query_attention", GROUPED, 0, {"x": np.ones((1, 1, 1), np.float32)}),
        applies=config_is(shared="enable_gqa"),
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="embedding_lookup",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="an index by 32-bit integers becomes GatherND with 32-bit indices, where ONNX allows 64-bit ones only; "
        "onnx.checker says nothing, ONNX Runtime refuses the file",
        link="none found: onnxscript aten_index int32 indices GatherND invalid type tensor(int32) INVALID_GRAPH",
        versions=("torch<=2.13.0", "onnxscript<=0.7.2"),
        witness=Case("embedding_lookup", INDEX, 0, {"ids": np.zeros(1, np.int32)}),
        applies=config_is(lookup="index", ids_dtype="int32"),
        paths="torch>onnx_from_torch>onnxruntime_cpu*",
    ),
)
