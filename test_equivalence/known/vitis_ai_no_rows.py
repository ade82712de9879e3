"""What a batch of no rows shows in AMD Quark and in ONNX Runtime with what Quark makes."""

from __future__ import annotations

from pathlib import Path

from nnparity.divergence import Fix
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
case, no_rows = NO_ROWS.case, NO_ROWS.no_rows
QUANTISER = "onnx_xint8_from_onnx"
SETTINGS = ("vitis_ai_xint8", "vitis_ai_xint8_unoptimized")
VERSIONS = ("onnxruntime<=1.31.1",)
RECURRENT = {**NO_ROWS.RECURRENT, "reset": "after"}
ROW = {"inner": [2], "axis": -1, "keepdims": False}
NOT_REDUCED = (
    "a reduction of no rows along an axis that is counted from the end, -1, leaves the axis as it is: (0, 5) instead "
    "of (0,)"
)
NO_ISSUE = "none found: onnxruntime ReduceSum empty tensor negative axes wrong output shape zero dimension"

KNOWN = (
    *(
        no_rows(
            setting,
            layers,
            shown=NO_ROWS.ANOTHER_SHAPE,
            fix=Fix.UPSTREAM,
            reason=NOT_REDUCED,
            link=NO_ISSUE,
            versions=VERSIONS,
            witness=witness,
            paths=paths,
        )
        for setting in SETTINGS
        for layers, witness, paths in (
            ("argmax logsumexp", case("argmax", 2, **ROW, indices="int32"), f"torch>*>{QUANTISER}>*"),
            (
                "global_pool",
                case("global_pool", 1, 1, 2, channels=1, size=[1, 2], kind="average", keep_axes=True),
                f"torch>onnx_from_torch>{QUANTISER}>*",
            ),
            (
                "variance",
                case("variance", 2, **ROW, correction=0),
                f"torch>onnx_from_torch_legacy>{QUANTISER}>* tensorflow>*>{QUANTISER}>*",
            ),
        )
    ),
    no_rows(
        QUANTISER,
        "logsumexp",
        shown=NO_ROWS.CONVERTING,
        fix=Fix.UPSTREAM,
        reason=f"{NOT_REDUCED}, and what follows fails where the quantiser has ONNX Runtime run the model",
        link=NO_ISSUE,
        versions=VERSIONS,
        witness=case("logsumexp", 2, **ROW),
        paths="tensorflow>*",
    ),
    no_rows(
        QUANTISER,
        "lstm bidirectional_lstm gru",
        shown=(Stage.CONVERT, Status.CRASH),
        fix=Fix.UPSTREAM,
        reason="LSTM and GRU of no rows end the process where the quantiser has ONNX Runtime run the model: terminate "
        "called without an active exception",
        link="none found: onnxruntime LSTM GRU batch size 0 crash terminate called without an active exception",
        versions=VERSIONS,
        witness=case("gru", 2, 1, **RECURRENT),
        paths="torch>*",
    ),
    no_rows(
        "vitis_ai_xint8",
        "alibi_attention attention attention_cache_step mixture_of_experts relative_position_attention "
        "rewritten_block rotary_attention sliding_window_attention softmax transformer_encoder_block",
        shown=NO_ROWS.RUNNING,
        fix=Fix.UPSTREAM,
        reason="com.microsoft.QLinearSoftmax, which the optimisation makes of a Softmax between its DequantizeLinear "
        "and QuantizeLinear, gives no output for no rows, and what takes it fails: Missing Input",
        link="none found: onnxruntime QLinearSoftmax empty tensor Missing Input output not allocated",
        versions=VERSIONS,
        witness=case("softmax", 2, inner=[2], axis=-1),
    ),
)
