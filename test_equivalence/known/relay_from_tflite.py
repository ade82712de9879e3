"""What TVM's TFLite front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, empty, in_half
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
TORCHSCRIPT = load_file(Path(__file__).with_name("relay_from_torchscript.py"))
TRANSPOSED = {
    "batch": 1,
    "dtype": "float32",
    "in_channels": 1,
    "out_channels": 1,
    "groups": 1,
    "size": [2, 2],
    "kernel": [3, 3],
    "stride": [2, 2],
    "padding": [0, 0],
    "output_padding": [0, 0],
    "bias": False,
}
IGNORED_SIZE = (
    "TRANSPOSE_CONV without padding ignores the output size that it is given, so that a row or column that the kernel "
    "does not reach is missing (relay/frontend/tflite.py, convert_transpose_conv); TVM 0.20 has no Relay"
)
one_matrix = config_is(batch=1, heads=1)


def one_query(case: Case) -> bool:
    """Whether attention is of a single query, for which litert-torch drops an axis of the second operand."""
    return one_matrix(case) and 1 in (case.config.get("query_length"), case.config.get("length"))


def several_queries(case: Case) -> bool:
    """Whether attention is of one matrix, with which the layers that project drop the axes of batch and heads."""
    return one_matrix(case) and not one_query(case) and case.layer != "attention"


def product_of_matrices(case: Case) -> bool:
    """Whether the layer multiplies matrices that litert-torch gives no further axis."""
    return case.layer == "einsum" or several_queries(case)


def take_along_axis(*, stage: Stage, status: Status, inner: tuple[int, ...]) -> KnownDivergence:
    return KnownDivergence(
        component="relay_from_tflite",
        layer="take_along_axis",
        stage=stage,
        status=status,
        fix=Fix.NEVER,
        reason=(
            "GATHER ignores its option `batch_dims` and gathers whole slices, of which the next operator refuses the "
            "shape, or not if there is one axis (relay/frontend/tflite.py, convert_gather); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend tflite GATHER batch_dims ignored",
        versions=VERSIONS,
        witness=Case(
            "take_along_axis",
            {"batch": 1, "dtype": "float32", "inner": [*inner], "axis": -1, "picked": 1, "indices": "int32"},
            seed=0,
            inputs={
                "x": np.ones((1, *inner), dtype=np.float32),
                "indices": np.zeros((1, *inner[:-1], 1), dtype=np.int32),
            },
        ),
        # litert-torch writes GATHER_ND.
        paths="tensorflow>*",
    )


def has_constant_operand(case: Case) -> bool:
    """Whether litert-torch leaves a constant of half precision for an operator to take."""
    layers = {"attention_cache_step", "gru", "lstm", "rnn", "multi_head_attention", "sinusoidal_positions"}
    return case.layer in layers


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_tflite",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "GELU becomes erf whatever its option `approximate` says (relay/frontend/tflite.py, convert_gelu); TVM "
            "0.20 has no Relay, so nobody mends it"
        ),
        link="none found: tvm tflite frontend GELU approximate option tanh",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [], "approximate": "tanh"},
            seed=0,
            inputs={"x": np.array([1.0], dtype=np.float32)},
        ),
        applies=TORCHSCRIPT.tanh_gelu,
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "BATCH_MATMUL of 4 axes by 3 raises InternalError: the second operand is broadcast to 4 axes, then "
            "flattened by the rank that it had before, so that it stays as it is and is transposed with 3 axes "
            "(relay/frontend/tflite.py, convert_batch_matmul); TVM 0.20 has no Relay"
        ),
        link="none found: tvm tflite frontend BATCH_MATMUL axes has 3 elements, but data.ndim = 4",
        versions=VERSIONS,
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
                "mask": "none",
            },
            seed=0,
            inputs={name: np.ones((1, 1, 1, 1), dtype=np.float32) for name in "qkv"},
        ),
        applies=one_query,
        paths="torch>tflite_from_torch>relay_from_tflite>*",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "BATCH_MATMUL of 2 axes by 2 raises UnboundLocalError: only operands of more than 2 axes are multiplied, "
            "and the product's shape is asked for all the same (relay/frontend/tflite.py, convert_batch_matmul); TVM "
            "0.20 has no Relay"
        ),
        link="none found: tvm tflite frontend convert_batch_matmul UnboundLocalError output_shape",
        versions=VERSIONS,
        witness=Case(
            "multi_head_attention",
            {
                "batch": 1,
                "dtype": "float32",
                "cross": False,
                "heads": 1,
                "embed": 1,
                "query_length": 2,
                "key_length": 2,
                "mask": "none",
            },
            seed=0,
            inputs={"x": np.ones((1, 2, 1), dtype=np.float32)},
        ),
        applies=product_of_matrices,
        paths="torch>tflite_from_torch>relay_from_tflite>*",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="argmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ARG_MAX becomes `argmax` with its default type of indices, int32, whatever its option `output_type` says "
            "(relay/frontend/tflite.py, _convert_arg_min_max); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend tflite arg_max output_type int64 ignored",
        versions=VERSIONS,
        witness=Case(
            "argmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "keepdims": False, "indices": "int64"},
            seed=0,
            inputs={"x": np.array([[1.0, 2.0]], dtype=np.float32)},
        ),
        applies=config_is(indices="int64"),
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="conv_transpose2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=IGNORED_SIZE,
        link="none found: tvm tflite frontend TRANSPOSE_CONV VALID output_shape ignored output padding",
        versions=VERSIONS,
        witness=Case(
            "conv_transpose2d",
            {**TRANSPOSED, "out_channels": 2, "output_padding": [0, 1]},
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        applies=lambda case: any(case.config["output_padding"]),
        # At level 0 the operator does not compile.
        paths="tensorflow>*>relay_llvm_o[123]",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="conv_transpose2d",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=IGNORED_SIZE,
        link="none found: tvm tflite frontend TRANSPOSE_CONV VALID output_shape ignored output padding",
        versions=VERSIONS,
        witness=Case(
            "conv_transpose2d",
            {**TRANSPOSED, "output_padding": [0, 1]},
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        applies=lambda case: any(case.config["output_padding"]) and case.config["out_channels"] == 1,
        # Of a single channel the file has a reshape instead of a transposition, which then fails.
        paths="tensorflow>*",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="one_hot",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "ONE_HOT looks for its values among what the graph computes, and TensorFlow writes them as constants: "
            "KeyError (relay/frontend/tflite.py, convert_one_hot); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend tflite ONE_HOT KeyError on_value constant",
        versions=VERSIONS,
        witness=Case(
            "one_hot",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "classes": 2,
                "classes_last": True,
                "indices": "int32",
            },
            seed=0,
            inputs={"indices": np.zeros(1, dtype=np.int32)},
        ),
        paths="tensorflow>*",
    ),
    take_along_axis(stage=Stage.CONVERT, status=Status.ERROR, inner=(2, 1)),
    take_along_axis(stage=Stage.COMPARE, status=Status.MISMATCH, inner=(2,)),
    KnownDivergence(
        component="relay_from_tflite",
        layer="bidirectional_lstm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "REVERSE_V2 raises TypeError: its axis is an array of one element, of which int() is taken, which NumPy "
            "refuses since 2.4 (relay/frontend/tflite.py, convert_reverse_v2); TVM 0.20 has no Relay"
        ),
        link="none found: tvm tflite frontend REVERSE_V2 only 0-dimensional arrays can be converted to Python scalars",
        versions=(*VERSIONS, "numpy>=2.4"),
        witness=Case(
            "bidirectional_lstm",
            {"batch": 1, "dtype": "float32", "time": 2, "features": 1, "hidden": 1, "bias": False},
            seed=0,
            inputs={"x": np.ones((1, 2, 1), dtype=np.float32)},
        ),
        paths="torch>tflite_from_torch>relay_from_tflite>*",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="mixture_of_experts",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "BATCH_MATMUL with a constant operand raises KeyError: its operands are looked up among what was computed "
            "(relay/frontend/tflite.py, convert_batch_matmul, get_expr instead of get_tensor_expr); TVM 0.20 has no "
            "Relay"
        ),
        link="none found: tvm tflite frontend BATCH_MATMUL constant weight KeyError get_expr",
        versions=VERSIONS,
        witness=Case(
            "mixture_of_experts",
            {"batch": 1, "dtype": "float32", "experts": 1, "chosen": 1, "length": 1, "width": 1, "hidden": 1},
            seed=0,
            inputs={"x": np.ones((1, 1, 1), dtype=np.float32)},
        ),
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "an operand that is a constant raises KeyError where only computed tensors are looked up, as for "
            "BATCH_MATMUL (relay/frontend/tflite.py, get_expr): litert-torch folds no constants of half precision; TVM "
            "0.20 has no Relay"
        ),
        link="none found: tvm tflite frontend BATCH_MATMUL constant operand KeyError get_expr float16",
        versions=VERSIONS,
        witness=Case(
            "sinusoidal_positions",
            {
                "batch": 1,
                "dtype": "float16",
                "pairs": 2,
                "period": 10000.0,
                "order": "sin_cos",
                "odd": False,
                "shift": 1,
                "inner": [],
            },
            seed=0,
            inputs={"t": np.ones((1,), dtype=np.float16)},
        ),
        applies=both(in_half, has_constant_operand),
        paths="torch>*",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="swiglu",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "FULLY_CONNECTED of half precision ends in an assertion without a word: its weights may be float32 or "
            "8-bit integers (relay/frontend/tflite.py, convert_fully_connected); TVM 0.20 has no Relay"
        ),
        link="none found: tvm tflite frontend FULLY_CONNECTED float16 weight AssertionError",
        versions=VERSIONS,
        witness=Case(
            "swiglu",
            {"batch": 1, "dtype": "float16", "inner": [1], "features": 2, "hidden": 1, "bias": False},
            seed=0,
            inputs={"x": np.ones((1, 1, 2), dtype=np.float16)},
        ),
        applies=in_half,
        paths="torch>*",
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "TensorFlow's converter folds an output without elements into a constant, and the front end looks "
            "outputs up among the results of operators only: KeyError (relay/frontend/tflite.py, from_tflite); TVM "
            "0.20 has no Relay"
        ),
        link="none found: tvm relay frontend tflite constant output KeyError from_tflite",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [0], "approximate": "none"},
            seed=0,
            inputs={"x": np.ones((1, 0), dtype=np.float32)},
        ),
        applies=empty,
        # litert-torch keeps most operators; what it folds is in relay_no_rows.py.
        paths="tensorflow>*",
    ),
)
