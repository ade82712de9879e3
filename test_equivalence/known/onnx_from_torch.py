"""Known divergences of torch.onnx.export, the exporter on top of torch.export."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import (
    beyond_float_precision,
    both,
    config_is,
    either,
    in_bfloat16,
    in_half,
    non_finite,
    wholly_masked,
)
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


def narrow_scatter(*, stage: Stage, status: Status, paths: str) -> KnownDivergence:
    return KnownDivergence(
        component="onnx_from_torch",
        layer="scatter",
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason="index_add with int32 indices, which is taken apart to index_put, becomes ScatterND with int32 indices, "
        "for which ONNX wants int64",
        link="none found: torch.onnx index int32 indices GatherND invalid type tensor(int32) onnxscript aten_index",
        versions=("torch<=2.13.0",),
        witness=Case(
            "scatter",
            {"batch": 1, "dtype": "float32", "rows": 2, "inner": [], "indices": "int32", "mode": "add"},
            0,
            {
                "table": np.zeros(2, np.float32),
                "indices": np.zeros(1, np.int32),
                "updates": np.ones(1, np.float32),
            },
        ),
        applies=config_is(indices="int32", mode="add"),
        paths=paths,
    )


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


def ends_in_promoted_reduction(case: Case) -> bool:
    """Whether the output is a sum, a cumulative sum or a maximum along axes, as PyTorch's operator of that name."""
    return case.layer in {"cumsum", "mixture_of_experts"} or case.config.get("kind") == "max"


def normalises_convolution(case: Case) -> bool:
    """Whether the layer has a normalisation over the batch right behind a convolution."""
    return case.layer in {"conv2d_bn_relu", "inverted_residual", "resnet_bottleneck"}


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
        # In bfloat16, which OpenVINO takes by default, it makes no difference.
        paths="*[!t]",
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
        layer="integer_division",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch.div with a rounding mode divides integers as float32 (onnxscript, aten_div_mode): a quotient of "
        "numbers beyond 2**24 is off; floor_divide, which had the same fault, is mended",
        link="https://github.com/microsoft/onnxscript/issues/2589",
        versions=("torch<=2.13.0",),
        witness=Case(
            "integer_division",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "floor"},
            0,
            {"x": np.array([2**29 - 1], np.int32)},
        ),
        applies=beyond_float_precision,
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="gather",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="indexing a tensor by one of int32 becomes GatherND with int32 indices, for which ONNX wants int64; "
        "index_select becomes Gather, which takes both",
        link="none found: torch.onnx index int32 indices GatherND invalid type tensor(int32) onnxscript aten_index",
        versions=("torch<=2.13.0",),
        witness=Case(
            "gather",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [2],
                "axis": 1,
                "picked": 1,
                "indices": "int32",
                "negative": True,
            },
            0,
            {"x": np.array([[1, 2]], np.float32), "indices": np.array([0], np.int32)},
        ),
        applies=config_is(negative=True, indices="int32"),
        paths="*>onnxruntime_* *>qnn_*",
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="grouped_query_attention",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="scaled_dot_product_attention with enable_gqa: onnxscript writes Unsqueeze with axes of no axis, where "
        "ONNX wants one; Relay and Relax iterate over them, ONNX Runtime does not mind",
        link="none found: onnxscript scaled_dot_product_attention enable_gqa Unsqueeze axes scalar 0-d",
        versions=("torch<=2.13.0", "onnxscript<=0.7.2"),
        witness=Case("grouped_query_attention", GROUPED, 0, {"x": np.ones((1, 1, 1), np.float32)}),
        applies=config_is(shared="enable_gqa"),
        paths="torch>onnx_from_torch>rela[xy]_from_onnx>*",
    ),
    narrow_scatter(stage=Stage.LOAD, status=Status.ERROR, paths="*>onnxruntime_* *>qnn_*"),
    narrow_scatter(
        stage=Stage.CONVERT,
        status=Status.ERROR,
        paths="*>relay_from_onnx>* *>dlc_from_onnx>* *>onnx_from_torch>onnx_xint8_from_onnx>*",
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
        paths="torch>onnx_from_torch>*onnxruntime_* torch>onnx_from_torch>qnn_*",
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the remainder of floats is written as x - floor(x / y) * y, whose steps are rounded: of a "
        "great x any number is left, just below a multiple nothing; frameworks take the exact remainder",
        link="https://github.com/onnx/onnx/issues/7520",
        versions=("torch<=2.13.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "float", "sign_of": "divisor"},
            4,
            {"x": np.array([9.2976311e17], np.float32)},
        ),
        applies=config_is(numbers="float", sign_of="divisor"),
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="sums, cumulative sums and maxima along axes of half precision are computed in float32, which the pass "
        "for type promotion sees to, and not brought back: the output is float32",
        link="none found: torch.onnx.export dynamo float16 sum cumsum amax output dtype float32 type promotion",
        versions=("torch<=2.13.0",),
        witness=Case(
            "cumsum",
            {"batch": 1, "dtype": "float16", "inner": [2], "axis": 1, "exclusive": False, "reverse": False},
            0,
            {"x": np.ones((1, 2), np.float16)},
        ),
        applies=both(either(in_half, in_bfloat16), ends_in_promoted_reduction),
    ),
    KnownDivergence(
        component="onnx_from_torch",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="operators are written in bfloat16 that ONNX does not have in it at the opset exported, such as Conv, "
        "Round and GRU before opset 22, TopK before 24, Einsum before 28; ONNX Runtime refuses the model",
        link="https://github.com/pytorch/pytorch/issues/143643",
        versions=("torch<=2.13.0",),
        witness=Case(
            "round",
            {"batch": 1, "dtype": "bfloat16", "inner": [2], "mode": "round"},
            0,
            {"x": np.ones((1, 2), "bfloat16")},
        ),
        applies=in_bfloat16,
        paths="*>onnxruntime_* *>qnn_*",
    ),
    *(
        KnownDivergence(
            component="onnx_from_torch",
            layer="*",
            stage=stage,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason="a normalisation that is folded into the convolution before it leaves weights in float32 beside an "
            f"input in bfloat16, which ONNX does not allow; {finders} find it",
            link="none found: torch.onnx dynamo fold batch norm conv weights float32 bfloat16 type mismatch",
            versions=("torch<=2.13.0",),
            witness=Case(
                "conv2d_bn_relu",
                {
                    "batch": 1,
                    "dtype": "bfloat16",
                    "in_channels": 3,
                    "out_channels": 4,
                    "groups": 1,
                    "window": {
                        "kernel": [3, 3],
                        "stride": [1, 1],
                        "dilation": [1, 1],
                        "padding": [1, 1, 1, 1],
                        "size": [5, 6],
                    },
                    "layout": "NCHW",
                    "bias": False,
                    "eps": 1e-05,
                },
                0,
                {"x": np.ones((1, 3, 5, 6), "bfloat16")},
            ),
            applies=both(in_bfloat16, normalises_convolution),
            paths=paths,
        )
        for stage, finders, paths in (
            (
                Stage.CONVERT,
                "Relay, Relax and OpenVINO",
                "*>relay_from_onnx>* *>onnx_from_torch>relax_from_onnx>* *>dlc_from_onnx>* *>openvino_from_onnx*",
            ),
            (Stage.LOAD, "Relay and TensorRT", "torch>onnx_from_torch>tensorrt_rtx*"),
        )
    ),
)
