"""What OpenVINO does to a batch of no rows; where the batch is left open, it takes one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import config_is
from nnparity.contracts import Arrays, Config
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
case, no_rows = NO_ROWS.case, NO_ROWS.no_rows
VERSIONS = ("openvino<=2026.4.1",)
RUNTIMES = ("openvino_cpu", "openvino_cpu_default")
FROM_ONNX = ("openvino_from_onnx", "openvino_from_onnx_unfused")
# Of TensorFlow's TFLite models, what has no elements is a constant, which the conversion fails on before.
NO_CONSTANT = "* !tensorflow>*>openvino_from_tflite>*"
CONVERTING, LOADING = ((stage, Status.ERROR) for stage in (Stage.CONVERT, Stage.LOAD))
CRASHING = (Stage.LOAD, Status.CRASH)
ROTATED: Config = {"heads": 1, "length": 2, "base": 10.0, "start": 0, "pairing": "half", "turned": 2, "depth": 2}
CHOSEN: Config = {"length": 1, "width": 1, "hidden": 1, "experts": 2, "chosen": 1}
PICKED: Config = {
    "batch": 0,
    "dtype": "float32",
    "inner": [2],
    "axis": 1,
    "picked": 1,
    "indices": "int64",
    "negative": False,
}
GATHERED: Arrays = {"x": np.zeros((0, 2), np.float32), "indices": np.zeros(1, np.int64)}
BIASED: Config = {"batch": 0, "dtype": "float32", "heads": 1, "length": 2, "depth": 2, "causal": False}


# A megabyte beyond the memory of a tensor without elements is what the process dies of every time.
BEYOND = case(
    "patch_embedding",
    1,
    16,
    16,
    channels=1,
    patch=1,
    rows=16,
    columns=16,
    embed=1024,
    layout="NCHW",
    class_token=True,
)
LEFT_OUT = (
    "RemoveConcatZeroDimInput takes from a Concat what has a size of 0 on any axis, also where another operand is kept "
    "since its sizes are not known yet, and with it its size along the Concat's axis, which what follows misses"
)
NOT_LEFT_OUT = "none found: openvino RemoveConcatZeroDimInput concat zero dimension removed input wrong shape"
FOLDED = (
    "folding an elementwise operator of constants, one of which has no elements and is broadcast, reads and writes as "
    "many numbers beyond them as the other has"
)
NOT_FOLDED = "none found: openvino autobroadcast_binop zero dimension empty tensor out of bounds constant folding crash"
GREATER = (
    "ConvertBroadcast3 takes the greater size of operand and target, 1 of 1 and 0, where Broadcast is bidirectional: "
    "what should have no rows has one, and no rows cannot be broadcasted to it"
)
NOT_GREATER = "none found: openvino ConvertBroadcast3 bidirectional zero dimension 0 cannot be broadcasted to 1 Expand"


def first_state_with_bias(case: Case) -> bool:
    """Whether the first state is a constant, which that of two directions always is, and is added to a bias."""
    return case.config["bias"] and not case.config.get("initial_state", False)


def heads(*, length: int, depth: int) -> dict[str, np.ndarray]:
    """Return queries, keys and values of no rows for one head."""
    return {name: np.zeros((0, 1, length, depth), np.float32) for name in "qkv"}


OF_ONE_OPERATOR: tuple[KnownDivergence, ...] = tuple(
    no_rows(
        component,
        layers,
        shown=shown,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=VERSIONS,
        witness=witness,
        paths=paths,
    )
    for components, layers, shown, reason, link, witness, paths in (
        (
            RUNTIMES,
            "alibi_attention attention attention_cache_step grouped_query_attention mixture_of_experts "
            "multi_head_attention relative_position_attention rewritten_block sliding_window_attention "
            "transformer_decoder_block transformer_encoder_block",
            LOADING,
            "MatMul with a transposed operand of a size 0 known beforehand asks oneDNN for a primitive that there is "
            "not: object is not initialized",
            "https://github.com/openvinotoolkit/openvino/issues/37966",
            Case("alibi_attention", BIASED, 0, heads(length=2, depth=2)),
            NO_CONSTANT,
        ),
        (
            RUNTIMES,
            "embedding_lookup embedding_positional gather grouped_query_attention scatter",
            CRASHING,
            "Gather of data or indices without elements, and Broadcast of data without elements, known beforehand, "
            "divide by a size 0 when their kernel is made: SIGFPE",
            "none found: openvino CPU Gather Broadcast zero dimension SIGFPE floating point exception compile_model "
            "empty tensor",
            Case("gather", PICKED, 0, GATHERED),
            # In TFLite models that litert-torch makes, indices are of another type.
            "* !*>openvino_from_tflite>*",
        ),
        (
            RUNTIMES,
            "bidirectional_lstm gru lstm rnn",
            CRASHING,
            "LSTMSequence, RNNSequence and GRUSequence with linear_before_reset of no rows divide by them when oneDNN "
            "makes its primitive: SIGFPE",
            "none found: openvino oneDNN LSTMSequence RNNSequence GRUSequence batch 0 SIGFPE compile_model",
            case("lstm", 3, 4, **{**NO_ROWS.RECURRENT, "time": 3, "features": 4, "hidden": 3}, layers=1),
            "* !*>openvino_from_tflite>* !*>openvino_from_saved_model>*",
        ),
        (
            RUNTIMES,
            "gru rnn",
            CRASHING,
            "ConstantFolding runs the Loop of a recurrent layer without rows, which is constant. There the Broadcast "
            f"of RNN divides by a size of 0, SIGFPE, and at GRU's Add {FOLDED}",
            NOT_FOLDED,
            case("gru", 3, 4, time=3, features=4, hidden=256, reset="after", initial_state=False, bias=True),
            "*>openvino_from_saved_model>*",
        ),
        (
            RUNTIMES,
            "gru",
            LOADING,
            "TransposeToReshape writes a Transpose that moves axes of size 1 alone as a Reshape with special_zero, so "
            "that a size of 0 that another comes before copies the one that was there: (1, 0, 5) to (1, 1, 5), as "
            "front and back of GRU are turned",
            "none found: openvino TransposeToReshape special_zero zero dimension Transpose wrong output shape",
            case("gru", 3, 4, time=3, features=4, hidden=5, reset="after", initial_state=False, bias=True),
            "torch>onnx_from_torch_legacy>openvino_from_onnx_unfused>*",
        ),
        (
            RUNTIMES,
            "log_softmax",
            CRASHING,
            "NopElimination asks whether the constant of an Add or a Multiply is 0 or 1 by its first number; of none, "
            "in a model whose file of weights is empty, that is read at no address: SIGSEGV",
            "none found: openvino NopElimination Add Multiply Constant zero elements empty bin segmentation fault",
            case("log_softmax", 2, inner=[2], axis=-1),
            "torch>*>openvino_from_tflite>*",
        ),
        (
            RUNTIMES,
            "conv3d rotary_attention squeeze_excite",
            LOADING,
            f"RemoveConcatZeroDimInput makes a constant of a Concat without elements, and {FOLDED}; our runtime "
            "refuses it, so that it always fails alike",
            NOT_FOLDED,
            Case("rotary_attention", {"batch": 0, "dtype": "float32", **ROTATED}, 0, heads(length=2, depth=2)),
            # A SavedModel has the products in another order.
            "*openvino_from_[!s]* !tensorflow>*>openvino_from_tflite>*",
        ),
        (
            RUNTIMES,
            "grouped_query_attention mixture_of_experts",
            LOADING,
            GREATER,
            NOT_GREATER,
            case("mixture_of_experts", 1, 1, **CHOSEN),
            "torch>[!e]* !*>openvino_from_tflite>*",
        ),
        (
            FROM_ONNX,
            "adaptive_avg_pool2d avg_pool2d max_pool2d",
            CONVERTING,
            "pooling of no rows is refused: Batch size is zero",
            "none found: openvino pooling Batch size is zero shape inference MaxPool AvgPool",
            case("max_pool2d", 1, 2, 2, channels=1, window=NO_ROWS.PAIRS, ceil_mode=False),
            "*",
        ),
        (
            ("openvino_from_exported_program", "openvino_from_torchscript", "openvino_from_saved_model"),
            "adaptive_avg_pool2d avg_pool2d max_pool2d",
            CONVERTING,
            "pooling of no rows is refused: Batch size is zero",
            "none found: openvino pooling Batch size is zero shape inference MaxPool AvgPool",
            case(
                "avg_pool2d",
                1,
                2,
                2,
                channels=1,
                window={one: NO_ROWS.PAIRS[one] for one in ("kernel", "stride", "size")} | {"padding": [0, 0]},
                ceil_mode=False,
                count_include_pad=False,
            ),
            "*",
        ),
        (
            ("openvino_from_exported_program",),
            "attention_cache_step",
            CONVERTING,
            LEFT_OUT,
            NOT_LEFT_OUT,
            Case(
                "attention_cache_step",
                {"batch": 0, "dtype": "float32", "heads": 1, "depth": 1, "width": 1, "past": 2},
                0,
                {
                    "x": np.zeros((0, 1, 1), np.float32),
                    "past_key": np.zeros((0, 1, 2, 1), np.float32),
                    "past_value": np.zeros((0, 1, 2, 1), np.float32),
                },
            ),
            "*",
        ),
        (
            ("openvino_from_torchscript",),
            "patch_embedding",
            CONVERTING,
            LEFT_OUT,
            NOT_LEFT_OUT,
            NO_ROWS.CLASS_TOKEN,
            "*",
        ),
        (
            RUNTIMES,
            "resize_nearest",
            LOADING,
            "ReshapeOptimizations makes a constant with special_zero of a shape that a Reshape computes, so that a "
            "size of 0 copies that of the input's axis at its place; an index of tensors becomes Reshapes of (2, 2, 0, "
            "1) to (4, 0), which is (4, 2) then",
            "https://github.com/openvinotoolkit/openvino/issues/37963",
            case("resize_nearest", 1, 2, 2, channels=1, size=[2, 2], out_size=[3, 3], centres="half_pixel"),
            "torch>*openvino_from_exported_program>*",
        ),
        (
            RUNTIMES,
            "scatter",
            LOADING,
            f"{GREATER}; here of the indices of index_add",
            NOT_GREATER,
            Case(
                "scatter",
                {"batch": 0, "dtype": "float32", "rows": 5, "inner": [3], "indices": "int32", "mode": "add"},
                0,
                {
                    "table": np.zeros((5, 3), np.float32),
                    "indices": np.zeros(0, np.int32),
                    "updates": np.zeros((0, 3), np.float32),
                },
            ),
            "torch>*openvino_from_torchscript>*",
        ),
        (
            FROM_ONNX,
            "bidirectional_lstm gru lstm patch_embedding rnn",
            CONVERTING,
            "an initialiser without elements becomes a scalar: shape (1, 0, 5) is read as ()",
            "https://github.com/openvinotoolkit/openvino/pull/1776",
            case("gru", 2, 1, **NO_ROWS.RECURRENT, reset="after"),
            # The older exporter of PyTorch writes no initialiser.
            "*onnx_from_*[hw]>*",
        ),
    )
    for component in components
)
OF_FOLDING: tuple[KnownDivergence, ...] = tuple(
    no_rows(
        component,
        layers,
        shown=(Stage.CONVERT, Status.CRASH),
        fix=Fix.UPSTREAM,
        reason=f"{FOLDED}: {where}. glibc ends the process, as it finds out",
        link=NOT_FOLDED,
        versions=VERSIONS,
        witness=witness,
        applies=holds,
    )
    for component, layers, where, holds, witness in (
        (
            "openvino_from_exported_program",
            "bidirectional_lstm gru lstm rnn",
            "the first state times its weights and their bias",
            first_state_with_bias,
            case("lstm", 3, 4, **{**NO_ROWS.RECURRENT, "time": 3, "features": 4, "hidden": 256}, layers=1),
        ),
        *(
            (
                component,
                "patch_embedding",
                "RemoveConcatZeroDimInput's of the tokens, and the positions",
                config_is(class_token=True),
                BEYOND,
            )
            for component in ("openvino_from_exported_program", "openvino_from_saved_model")
        ),
    )
)
KNOWN = (*OF_ONE_OPERATOR, *OF_FOLDING)
