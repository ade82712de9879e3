"""What OpenVINO does to a batch of no rows; where the batch is left open, it takes one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

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


# Whether glibc finds out what was written where is chance, and these weights are some of those with which it does.
PATCHES = replace(
    case(
        "patch_embedding",
        3,
        4,
        6,
        channels=3,
        patch=2,
        rows=2,
        columns=3,
        embed=4,
        layout="NCHW",
        class_token=True,
    ),
    seed=1,
)
LEFT_OUT = (
    "a concatenation leaves out constants without elements, and with them their sizes along its axis, which what "
    "follows misses"
)
NOT_LEFT_OUT = "none found: openvino pytorch frontend aten::cat empty constant zero elements removed shape"


def heads(*, length: int, depth: int) -> dict[str, np.ndarray]:
    """Return queries, keys and values of no rows for one head."""
    return {name: np.zeros((0, 1, length, depth), np.float32) for name in "qkv"}


KNOWN: tuple[KnownDivergence, ...] = tuple(
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
            "bidirectional_lstm embedding_lookup embedding_positional gather grouped_query_attention gru lstm rnn "
            "scatter",
            CRASHING,
            "Gather and Broadcast divide by a size 0 that is known beforehand, and the process ends by SIGFPE",
            "none found: openvino CPU Gather Broadcast zero dimension SIGFPE floating point exception compile_model "
            "empty tensor",
            Case("gather", PICKED, 0, GATHERED),
            # In TFLite models that litert-torch makes, indices are of another type.
            "* !*>openvino_from_tflite>*",
        ),
        (
            RUNTIMES,
            "gru",
            LOADING,
            "a GRU of no rows whose first state is made inside gives a state of one row, which the Reshape behind it "
            "refuses when the model is compiled as it was read",
            "none found: openvino GRUSequence empty batch initial state Broadcast Reshape in_out_elements_equal",
            case("gru", 3, 4, time=3, features=4, hidden=5, reset="after", initial_state=False, bias=True),
            "torch>onnx_from_torch_legacy>openvino_from_onnx_unfused>*",
        ),
        (
            RUNTIMES,
            "log_softmax",
            CRASHING,
            "compiling a sum of a tensor and a constant that have no elements ends the process by SIGSEGV",
            "none found: openvino CPU compile_model Add Constant zero elements segmentation fault empty tensor",
            case("log_softmax", 2, inner=[2], axis=-1),
            "torch>*>openvino_from_tflite>*",
        ),
        (
            RUNTIMES,
            "conv3d rotary_attention squeeze_excite",
            LOADING,
            "a concatenation of no elements becomes a constant, and folding what broadcasts it writes beyond its "
            "memory; our runtime refuses it, so that it always fails alike",
            "none found: openvino autobroadcast_binop zero dimension empty tensor out of bounds constant folding crash",
            Case("rotary_attention", {"batch": 0, "dtype": "float32", **ROTATED}, 0, heads(length=2, depth=2)),
            # A SavedModel has the products in another order.
            "*openvino_from_[!s]* !tensorflow>*>openvino_from_tflite>*",
        ),
        (
            RUNTIMES,
            "grouped_query_attention mixture_of_experts",
            LOADING,
            "Broadcast to no rows is rewritten to one that takes the greater size of both, and no rows cannot "
            "become one",
            "none found: openvino Broadcast to zero dimension cannot be broadcasted bidirectional numpy mode expand "
            "empty batch 0",
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
        *(
            (
                (component,),
                "patch_embedding",
                (Stage.CONVERT, status),
                f"{LEFT_OUT}{then}",
                NOT_LEFT_OUT,
                PATCHES,
                "*",
            )
            for component, status, then in (
                ("openvino_from_torchscript", Status.ERROR, ""),
                *(
                    (
                        component,
                        Status.CRASH,
                        "; folding that writes beyond its memory then, which glibc ends, as it finds out",
                    )
                    for component in ("openvino_from_exported_program", "openvino_from_saved_model")
                ),
            )
        ),
        (
            RUNTIMES,
            "resize_nearest",
            LOADING,
            "an index of tensors is written with a Reshape, whose sizes the plugin makes 1 where there are no rows: "
            "Requested output shape is incompatible with input shape",
            "none found: openvino aten::index empty batch Requested output shape incompatible with input shape",
            case("resize_nearest", 1, 2, 2, channels=1, size=[2, 2], out_size=[3, 3], centres="half_pixel"),
            "torch>*openvino_from_exported_program>*",
        ),
        (
            RUNTIMES,
            "scatter",
            LOADING,
            "index_add of no rows broadcasts its indices to one: 0 cannot be broadcasted to 1",
            "none found: openvino aten::index_add empty indices Broadcast dimension equal 0 cannot be broadcasted",
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
            ("openvino_from_exported_program",),
            "bidirectional_lstm gru lstm rnn",
            (Stage.CONVERT, Status.CRASH),
            "torch.nn.LSTM of no rows writes beyond its memory in the front end, which glibc ends: munmap_chunk(), "
            "invalid pointer",
            "none found: openvino pytorch frontend LSTM torch.export batch 0 munmap_chunk invalid pointer corrupted",
            case("lstm", 3, 4, **{**NO_ROWS.RECURRENT, "time": 3, "features": 4, "hidden": 3}, layers=1),
            "*",
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
