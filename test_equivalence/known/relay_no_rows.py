"""What TVM 0.19, the last version with Relay, does to a batch of no rows; its kernels for CPUs come last."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
case, no_rows = NO_ROWS.case, NO_ROWS.no_rows
VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
CONVERTING, LOADING = ((stage, Status.ERROR) for stage in (Stage.CONVERT, Stage.LOAD))
SWIGLU = case("swiglu", 1, 1, inner=[1], features=1, hidden=1, bias=False)
GATED = case("gru", 2, 1, **NO_ROWS.RECURRENT, reset="after")
PRODUCT = {"batch": 0, "dtype": "float32", "equation": "bij,jk->bik", "d": 1, "h": 1, "i": 1, "j": 1, "k": 1}
SCATTERED = {"batch": 0, "dtype": "float32", "rows": 1, "inner": [1], "indices": "int32", "mode": "add"}
LAYER_NORM = {"inner": [2, 1], "axes": 1, "eps": 1e-5, "affine": ["scale", "offset"]}
ANGLES = {
    "batch": 0,
    "dtype": "float32",
    "pairs": 2,
    "period": 10.0,
    "order": "sin_cos",
    "odd": False,
    "shift": 1,
    "inner": [],
}
LINEAR = {"inner": [], "widths": [2, 2], "activation": "relu", "activate_last": False, "bias": False}


KNOWN: tuple[KnownDivergence, ...] = tuple(
    no_rows(
        component,
        layers,
        shown=shown,
        fix=Fix.NEVER,
        reason=f"{reason}; TVM 0.20 has no Relay",
        link=link,
        versions=VERSIONS,
        witness=witness,
        paths=paths,
    )
    for component, layers, shown, reason, link, witness, paths in (
        *(
            (
                "relay_from_onnx",
                layers,
                CONVERTING,
                "MatMul by a matrix takes the greater of both operands' sizes along the batch, where a matrix has 1, "
                "so that no rows become one; rows that are not first become a 0 in a reshape, which copies the size of "
                "the axis at that place (relay/frontend/onnx.py, matmul_out_dtype)",
                "none found: tvm relay frontend onnx MatMul empty tensor zero dimension reshape not compatible",
                witness,
                paths,
            )
            for layers, witness, paths in (
                (
                    "attention_cache_step grouped_query_attention mixer_block mixture_of_experts multi_head_attention "
                    "rewritten_block rnn swiglu transformer_decoder_block transformer_encoder_block",
                    SWIGLU,
                    "torch>*",
                ),
                (
                    "grouped_query_attention multi_head_attention transformer_decoder_block",
                    case("grouped_query_attention", 2, 1, **NO_ROWS.GROUPED),
                    "tensorflow>*",
                ),
            )
        ),
        (
            "relay_from_onnx",
            "scatter",
            LOADING,
            "Expand takes the greater of the input's size and the one asked for, so that no rows become one "
            "(relay/frontend/onnx.py, Expand)",
            "none found: tvm relay reshape zero dimension 0 copies from input empty tensor not compatible frontend",
            Case(
                "scatter",
                SCATTERED,
                0,
                {
                    "table": np.ones((1, 1), np.float32),
                    "indices": np.zeros(0, np.int32),
                    "updates": np.zeros((0, 1), np.float32),
                },
            ),
            "torch>onnx_from_torch_legacy>*",
        ),
        (
            "relay_from_onnx",
            "gru rnn",
            CONVERTING,
            "GRU and RNN are compiled while they are converted, to fold constants, and the kernel of the matrix "
            "product does not compile for no rows (topi/x86/dense.py)",
            "none found: tvm dense batch size 0 get_factors reduce() of empty iterable with no initial value",
            GATED,
            "torch>*",
        ),
        (
            "relay_from_tflite",
            "layer_norm mixer_block rewritten_block transformer_decoder_block transformer_encoder_block",
            CONVERTING,
            "RESHAPE to a size of 0, which litert-torch writes for a layer norm with the rows on the second axis, "
            "copies the size of the axis at that place (relay/frontend/tflite.py, convert_reshape)",
            "https://github.com/apache/tvm/pull/20255",
            case("layer_norm", 2, 1, **LAYER_NORM),
            "torch>*",
        ),
        (
            "relay_from_tflite",
            "einsum",
            LOADING,
            "BATCH_MATMUL takes the greater of both operands' sizes along the batch, where a matrix has 1, so that no "
            "rows become one (relay/frontend/tflite.py, convert_batch_matmul)",
            "none found: tvm relay frontend onnx MatMul empty tensor zero dimension reshape not compatible",
            Case(
                "einsum",
                PRODUCT,
                0,
                {"left": np.zeros((0, 1, 1), np.float32), "right": np.ones((1, 1), np.float32)},
            ),
            "torch>*",
        ),
        (
            "relay_from_tflite",
            "argmax attention_cache_step bidirectional_lstm global_pool gru logsumexp lstm multi_head_attention pad "
            "resize_bicubic resize_nearest rnn sinusoidal_positions squeeze_excite take_along_axis variance",
            CONVERTING,
            "litert-torch, too, folds some tensors without elements into constants, and the front end looks operands "
            "and outputs up among the results of operators only: KeyError (relay/frontend/tflite.py)",
            "none found: tvm relay frontend tflite constant output KeyError from_tflite",
            case("argmax", 2, inner=[2], axis=-1, keepdims=False, indices="int32"),
            "torch>*",
        ),
        (
            "relay_from_torchscript",
            "multi_head_attention rewritten_block transformer_decoder_block transformer_encoder_block",
            CONVERTING,
            "scaled_dot_product_attention joins rows and heads and splits them again by the number of rows, which is a "
            "division by 0 (relay/frontend/pytorch.py)",
            "https://github.com/apache/tvm/issues/19922",
            case("multi_head_attention", 2, 2, **NO_ROWS.HEADS),
            "*",
        ),
        (
            "relay_from_torchscript",
            "patch_embedding",
            CONVERTING,
            "expand becomes a repetition, which must not be of 0 times (relay/frontend/pytorch.py, expand)",
            "none found: tvm relay reshape zero dimension 0 copies from input empty tensor not compatible frontend",
            NO_ROWS.CLASS_TOKEN,
            "*",
        ),
        *(
            (
                component,
                layers,
                LOADING,
                reason,
                link,
                witness,
                "*",
            )
            for component in (f"relay_llvm_o{level}" for level in range(4))
            for layers, reason, link, witness in (
                (
                    "attention_cache_step bidirectional_lstm data_dependent_branch grouped_query_attention gru lstm "
                    "mixture_of_experts mlp rnn swiglu",
                    "the schedule of a matrix product splits its rows by their factors, and 0 has none: TypeError, "
                    "reduce() of empty iterable (topi/x86/dense.py, autotvm's get_factors)",
                    "none found: tvm dense batch size 0 get_factors reduce() of empty iterable with no initial value",
                    case("mlp", 2, **LINEAR),
                ),
                (
                    "adaptive_avg_pool2d attention_cache_step bidirectional_lstm lstm patch_embedding rotary_attention "
                    "sinusoidal_positions",
                    "the concatenation along another axis than the first copies one row where there are none "
                    "(topi/x86/concat.py, gen_ir), beyond its memory, of which the process dies later; our runtime "
                    "refuses to run it",
                    "none found: tvm concatenate x86 zero dimension empty tensor out of bounds memory corruption",
                    Case("sinusoidal_positions", ANGLES, 0, {"t": np.zeros(0, np.float32)}),
                ),
            )
        ),
    )
)
