"""Known divergences of torch.onnx.export(dynamo=False), the exporter that goes through TorchScript."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, either, in_bfloat16, in_half, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

TRACED = load_file(Path(__file__).with_name("torchscript_from_torch.py"))
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
COUNTED = {
    "batch": 1,
    "dtype": "float32",
    "writing": "python",
    "stop": "count",
    "most": 1,
    "length": 1,
    "width": 1,
}


def repeats(case: Case) -> bool:
    """Whether two indices are the same."""
    return bool(len(np.unique(case.inputs["indices"])) < len(case.inputs["indices"]))


def above_threshold(case: Case) -> bool:
    """Whether softplus has a threshold low enough to be seen, and an entry above it."""
    threshold = case.config["threshold"]
    return bool(threshold < 15 and (case.inputs["x"] * case.config["beta"] > threshold).any())


DECODER_IN_HALF = {
    "batch": 1,
    "dtype": "float16",
    "heads": 1,
    "embed": 2,
    "hidden": 1,
    "length": 1,
    "memory_length": 1,
    "norm_first": False,
    "mask": "none",
}


KNOWN = (
    KnownDivergence(
        component="onnx_from_torch_legacy",
        layer="attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="scaled_dot_product_attention with a boolean mask: Where(IsNaN(weights), 0, weights), meant for rows "
        "without a visible key, also turns the NaN of an input into zero",
        link="https://github.com/pytorch/pytorch/pull/159973",
        versions=("torch<=2.13.0",),
        witness=Case(
            "attention", FUSED, 0, {"q": ONE * np.nan, "k": ONE, "v": ONE, "mask": np.ones((1, 1, 1, 1), bool)}
        ),
        applies=both(config_is(mask="sdpa_bool"), non_finite),
    ),
    KnownDivergence(
        component="onnx_from_torch_legacy",
        layer="scatter",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="index_add is written as ScatterElements without its reduction `add`, on zeros, and an addition: of "
        "updates with the same index one is left; the exporter warns of it at every index_add",
        link="https://github.com/pytorch/pytorch/issues/111159",
        versions=("torch<=2.13.0",),
        witness=Case(
            "scatter",
            {"batch": 2, "dtype": "float32", "rows": 2, "inner": [], "indices": "int64", "mode": "add"},
            0,
            {
                "table": np.zeros(2, np.float32),
                "indices": np.zeros(2, np.int64),
                "updates": np.ones(2, np.float32),
            },
        ),
        applies=both(config_is(mode="add"), repeats),
    ),
    KnownDivergence(
        component="onnx_from_torch_legacy",
        layer="softplus",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the threshold of softplus is dropped without a word; the operator Softplus has none",
        link="none found: torch.onnx export softplus threshold ignored",
        versions=("torch<=2.13.0",),
        witness=Case(
            "softplus",
            {"batch": 1, "dtype": "float32", "inner": [2], "beta": 1.0, "threshold": 2.5},
            0,
            {"x": np.array([[2.75, 1]], np.float32)},
        ),
        applies=above_threshold,
    ),
    KnownDivergence(
        component="onnx_from_torch_legacy",
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
        component="onnx_from_torch_legacy",
        layer="data_dependent_*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="the exporter traces: of a Python `if` on a tensor it writes the branch that the example takes and no "
        "If, of a Python loop the steps that the example makes and no Loop, with a TracerWarning; torch.cond and "
        "torch.while_loop are refused",
        link="https://github.com/pytorch/pytorch/issues/58368",
        versions=("torch<=2.13.0",),
        witness=Case("data_dependent_branch", TRACED.BRANCH, 0, {"x": TRACED.ONE}),
        applies=both(config_is(writing="python"), TRACED.goes_otherwise),
    ),
    *(
        KnownDivergence(
            component="onnx_from_torch_legacy",
            layer="data_dependent_loop",
            stage=stage,
            status=Status.ERROR,
            fix=Fix.NEVER,
            reason="an integer that only a Python loop reads is no input of the model: its value is a constant of the "
            "trace; who passes it, as the module is called, is refused",
            link="none found: torch.onnx.export legacy unused input removed from graph python int range Invalid input "
            "name",
            versions=("torch<=2.13.0",),
            witness=Case("data_dependent_loop", COUNTED, 0, {"x": ONE[0], "steps": np.array(0, np.int32)}),
            applies=config_is(writing="python", stop="count"),
            # onnx_reference overlooks inputs that the model has not.
            paths=reader,
        )
        for stage, reader in (
            (Stage.RUN, "*>onnxruntime_* *>qnn_* *>vitis_ai_*"),
            (Stage.CONVERT, "*>relay_from_onnx>* *>iree_from_onnx>*"),
        )
    ),
    *(
        KnownDivergence(
            component="onnx_from_torch_legacy",
            layer="transformer_decoder_block",
            stage=stage,
            status=status,
            fix=Fix.NEVER,
            reason="the mask of causal attention is written in float32 whatever the queries are, so that the products "
            f"of half precision that it is added to {shows}",
            link="https://github.com/microsoft/onnxscript/pull/1219",
            versions=("torch<=2.13.0",),
            witness=Case(
                "transformer_decoder_block",
                DECODER_IN_HALF,
                0,
                {"x": np.ones((1, 1, 2), np.float16), "memory": np.ones((1, 1, 2), np.float16)},
            ),
            applies=either(in_half, in_bfloat16),
            paths=paths,
        )
        for stage, status, paths, shows in (
            (Stage.COMPARE, Status.MISMATCH, "*>onnx_reference", "come out in float32"),
            (
                Stage.LOAD,
                Status.ERROR,
                "*>onnxruntime_* *>qnn_* *>tensorrt_rtx*",
                "are of another type than ONNX Runtime and TensorRT allow",
            ),
            (
                Stage.CONVERT,
                Status.ERROR,
                "*>rela[xy]_from_onnx>* *>openvino_from_onnx* *>onnx_xint8_from_onnx>* *>dlc_from_onnx>*",
                "are of another type than Relay, Relax and OpenVINO allow",
            ),
        )
    ),
    KnownDivergence(
        component="onnx_from_torch_legacy",
        layer="sort",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason="sort becomes TopK of a scalar, the size of the axis, where ONNX wants a tensor of one element; "
        "ONNX Runtime 1.27 refuses it, 1.31 does not mind",
        link="none found: torch.onnx legacy sort TopK K input must be a one-dimensional tensor of size 1",
        versions=("torch<=2.13.0",),
        witness=Case(
            "sort",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "descending": False},
            0,
            {"x": np.zeros((1, 2), np.float32)},
        ),
        paths="torch>onnx_from_torch_legacy>qnn_cpu",
    ),
    KnownDivergence(
        component="onnx_from_torch_legacy",
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
            component="onnx_from_torch_legacy",
            layer="one_hot",
            stage=stage,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason="movedim of a negative axis becomes Transpose with that negative axis in its permutation, which "
            f"ONNX does not know and NumPy does (symbolic_opset9.py, movedim); {who}",
            link="none found: torch.onnx movedim negative dim Transpose invalid perm -1",
            versions=("torch<=2.13.0",),
            witness=Case(
                "one_hot",
                {
                    "batch": 1,
                    "dtype": "float32",
                    "inner": [1],
                    "classes": 2,
                    "classes_last": False,
                    "indices": "int32",
                },
                0,
                {"indices": np.zeros((1, 1), np.int32)},
            ),
            applies=config_is(classes_last=False),
            paths=paths,
        )
        for stage, who, paths in (
            (Stage.LOAD, "ONNX Runtime and IREE refuse it", "*>onnxruntime_* *>qnn_* *>iree_cpu"),
            (
                Stage.CONVERT,
                "OpenVINO and ONNX Runtime refuse it",
                "*openvino_from_onnx* *>onnx_xint8_from_onnx>* *>dlc_from_onnx>*",
            ),
            (Stage.RUN, "MNN gives outputs that Python cannot read", "*mnn_from_onnx*"),
        )
    ),
)
