"""Known divergences of TVM 0.27's compiler for CPUs under Relax's virtual machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, empty, in_bfloat16
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("apache-tvm<=0.27.0.post1",)
FROM_PROGRAM = "torch>exported_program_from_torch>*"
ATTENTION = {"batch": 1, "dtype": "float32", "heads": 1, "query_length": 1, "key_length": 2, "depth": 1}
TWO = np.array([1, 2], np.float32).reshape(1, 1, 2, 1)
# What of the code generator and the operators' library is as it was in TVM 0.19.
NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
RELAY = load_file(Path(__file__).with_name("relay_llvm_o0.py"))
FUSED_IN_EAGER = load_file(Path(__file__).with_name("exported_program_cpu.py")).KNOWN[0]
NAN_IN_MAXIMUM, SMALL_TANH = RELAY.AT_EVERY_LEVEL[:2]
ALIGNED_TO_ONE = next(entry for entry in RELAY.AT_EVERY_LEVEL if entry.layer == "*" and "align_corners" in entry.reason)


def compares_booleans(case: Case) -> bool:
    """Whether the layer in PyTorch asks where a mask equals 0."""
    return case.layer == "attention" and case.config["mask"] in {"fill_1e9", "fill_inf", "causal"}


def reshapes_nothing(case: Case) -> bool:
    """Whether PyTorch reshapes what has no elements so that a size of 0 is at another place than before."""
    named = ("lstm", "gru", "rnn", "multi_head_attention", "transformer", "einsum")
    return any(name in case.layer for name in named)


def sorts(case: Case) -> bool:
    """Whether the layer sorts, or picks the greatest."""
    return case.layer in {"sort", "top_k"}


def joins_rows(case: Case) -> bool:
    """Whether rows of one tensor go together with those of another, so that their number must be known to agree."""
    named = ("attention_cache_step", "multi_head_attention", "patch_embedding", "transformer", "rewritten_block")
    return case.layer.startswith(named)


def chooses(case: Case) -> bool:
    """Whether the layer sorts or picks the greatest, by TopK in ONNX."""
    return sorts(case) or case.layer == "mixture_of_experts"


def sums_nothing(case: Case) -> bool:
    """Whether a product of matrices sums no numbers at all."""
    return bool(case.config["j"] == 0 and case.config["equation"] == "bij,jk->bik")


SORTED = KnownDivergence(
    component="relax_vm",
    layer="*",
    stage=Stage.LOAD,
    status=Status.ERROR,
    fix=Fix.UPSTREAM,
    reason="the library function that sorts takes bfloat16 for float32, so it reads and writes beyond its memory "
    "and the order is wrong; nnparity refuses to run it",
    link="none found: tvm contrib sort argsort topk bfloat16 unsupported wrong result float16 dtype dispatch",
    versions=VERSIONS,
    witness=Case(
        "sort",
        {"batch": 1, "dtype": "bfloat16", "inner": [2], "axis": -1, "descending": False},
        0,
        {"x": np.array([[2, 1]], "bfloat16")},
    ),
    applies=both(in_bfloat16, sorts),
    paths=FROM_PROGRAM,
)
CHOSEN = Case(
    "mixture_of_experts",
    {"batch": 1, "dtype": "bfloat16", "length": 1, "width": 1, "hidden": 1, "experts": 2, "chosen": 1},
    0,
    {"x": np.ones((1, 1, 1), "bfloat16")},
)

KNOWN = (
    *(replace(entry, component="relax_vm", versions=VERSIONS) for entry in (NAN_IN_MAXIMUM, SMALL_TANH)),
    replace(RELAY.clip_order(FROM_PROGRAM), component="relax_vm", versions=VERSIONS),
    replace(ALIGNED_TO_ONE, component="relax_vm", versions=VERSIONS, paths="torch>*"),
    replace(
        ALIGNED_TO_ONE,
        component="relax_vm",
        versions=VERSIONS,
        witness=Case(
            "resize_bicubic",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 3],
                "out_size": [1, 4],
                "coefficient": -0.75,
                "align_corners": True,
            },
            0,
            {"x": np.ones((1, 1, 1, 3), np.float32)},
        ),
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="relax_vm",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="equal of two booleans is generated as a comparison of floats, which LLVM's verifier refuses: Invalid "
        "operand types for FCmp instruction",
        link="none found: tvm LLVM module verification failed Invalid operand types for FCmp instruction bool equal",
        versions=VERSIONS,
        witness=Case(
            "attention",
            {**ATTENTION, "mask": "fill_1e9"},
            0,
            {"q": TWO[:, :, :1], "k": TWO, "v": TWO, "mask": np.array([[[[True, False]]]])},
        ),
        applies=compares_booleans,
        paths=FROM_PROGRAM,
    ),
    KnownDivergence(
        component="relax_vm",
        layer="argmax",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the reduction of argmax, of an index and a value, does not pass the lowering of bfloat16 to float32: "
        "Check failed: (StructuralEqual()(value->ty, var->ty))",
        link="none found: tvm argmax bfloat16 BF16ComputeLegalize StructuralEqual value ty var ty Check failed",
        versions=VERSIONS,
        witness=Case(
            "argmax",
            {"batch": 1, "dtype": "bfloat16", "inner": [2], "axis": -1, "keepdims": False, "indices": "int64"},
            0,
            {"x": np.array([[1, 2]], "bfloat16")},
        ),
        applies=in_bfloat16,
    ),
    SORTED,
    replace(SORTED, witness=CHOSEN, applies=both(in_bfloat16, chooses), paths="torch>onnx_from_*"),
    replace(FUSED_IN_EAGER, component="relax_vm", paths=FROM_PROGRAM),
    KnownDivergence(
        component="relax_vm",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="reshape to a size of 0 copies the size of the axis at that place, as in ONNX, when it is made again "
        "from the shape that it had inferred: Reshape expects the new shape to be convertible from the old shape",
        link="none found: tvm relax reshape 0 dimension zero-size tensor expects the new shape to be convertible from "
        "the old shape",
        versions=VERSIONS,
        witness=Case(
            "gru",
            {
                "batch": 0,
                "dtype": "float32",
                "reset": "after",
                "time": 1,
                "features": 1,
                "hidden": 1,
                "initial_state": False,
                "bias": True,
            },
            0,
            {"x": np.zeros((0, 1, 1), np.float32)},
        ),
        applies=both(reshapes_nothing, empty),
        paths=FROM_PROGRAM,
    ),
    KnownDivergence(
        component="relax_vm",
        layer="one_hot",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a reduction over nothing leaves memory as it was, and PyTorch writes one before one_hot, whether all "
        "indices are at least 0: an assertion that fails where a 0 lies there. nnparity refuses to run it",
        link="https://github.com/apache/tvm/issues/19578",
        versions=VERSIONS,
        witness=Case(
            "one_hot",
            {
                "batch": 0,
                "dtype": "float32",
                "inner": [3],
                "classes": 4,
                "classes_last": True,
                "indices": "int32",
            },
            0,
            {"indices": np.zeros((0, 3), np.int32)},
        ),
        applies=empty,
        paths=FROM_PROGRAM,
    ),
    KnownDivergence(
        component="relax_vm",
        layer="einsum",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a product that sums no numbers leaves memory as it was: what was there before, NaN too. nnparity "
        "refuses to run it",
        link="https://github.com/apache/tvm/issues/19578",
        versions=VERSIONS,
        witness=Case(
            "einsum",
            {"batch": 1, "dtype": "float32", "d": 1, "h": 1, "i": 1, "j": 0, "k": 1, "equation": "bij,jk->bik"},
            0,
            {"left": np.ones((1, 1, 0), np.float32), "right": np.ones((0, 1), np.float32)},
        ),
        applies=sums_nothing,
        paths="*>relax_from_onnx>*",
    ),
    KnownDivergence(
        component="relax_vm",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the front end for ONNX takes every size of 0 for one that is not known, and none for that of another "
        "input; a result of two has no known shape, and what has none has no lowering: CodeGenVM cannot emit this "
        "Relax operator directly",
        link="none found: tvm relax onnx zero-size dimension dynamic unknown shape CodeGenVM cannot emit",
        versions=VERSIONS,
        witness=NO_ROWS.CLASS_TOKEN,
        applies=both(joins_rows, empty),
        paths="torch>onnx_from_torch>*",
    ),
    NO_ROWS.no_rows(
        "relax_vm",
        "rnn",
        shown=NO_ROWS.LOADING,
        fix=Fix.UPSTREAM,
        reason="a constant without elements whose first size is not 0, as a first state of (1, 0, 1), is not read "
        "back: whether there is something to read is asked of the first size alone (tvm/runtime/tensor.h, "
        "Tensor::Load: shape[0] != 0): Invalid DLTensor file format; (0, 3) is read",
        link="none found: tvm relax executable zero-size constant load Invalid DLTensor file format",
        versions=VERSIONS,
        witness=NO_ROWS.case("rnn", 2, 1, **NO_ROWS.RECURRENT, layers=1, nonlinearity="tanh"),
        applies=config_is(initial_state=False),
        paths="torch>onnx_from_torch>*",
    ),
)
