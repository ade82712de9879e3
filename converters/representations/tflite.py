"""A TFLite flatbuffer, as bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family

FILE = "model.tflite"

OPERATORS = {
    Family.MATMUL: "BATCH_MATMUL FULLY_CONNECTED RFFT2D STABLEHLO_DOT_GENERAL",
    Family.ELEMENTWISE: """
        ABS ADD ADD_N ATAN2 BITWISE_XOR CEIL COMPLEX_ABS COS DIV EQUAL EXP FLOOR FLOOR_DIV FLOOR_MOD GREATER
        GREATER_EQUAL IMAG LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR MAXIMUM MINIMUM MUL NEG NOT_EQUAL POW
        REAL RIGHT_SHIFT ROUND RSQRT SELECT SELECT_V2 SIGN SIN SQRT SQUARE SQUARED_DIFFERENCE SUB
        STABLEHLO_ABS STABLEHLO_ADD STABLEHLO_AND STABLEHLO_CBRT STABLEHLO_CLAMP STABLEHLO_COMPARE STABLEHLO_COSINE
        STABLEHLO_DIVIDE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MAXIMUM STABLEHLO_MINIMUM
        STABLEHLO_MULTIPLY STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT
        STABLEHLO_SELECT STABLEHLO_SHIFT_LEFT STABLEHLO_SUBTRACT
    """,
    Family.ACTIVATION: """
        ELU GELU HARD_SWISH LEAKY_RELU LOGISTIC LOG_SOFTMAX PRELU RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 SOFTMAX TANH
        STABLEHLO_LOGISTIC STABLEHLO_TANH
    """,
    Family.NORMALISATION: "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION",
    Family.REDUCTION: """
        ARG_MAX ARG_MIN CUMSUM MEAN REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_WINDOW SEGMENT_SUM
        SUM TOPK_V2 UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_SUM
        STABLEHLO_REDUCE STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT
    """,
    Family.LAYOUT: """
        BATCH_TO_SPACE_ND BROADCAST_ARGS BROADCAST_TO CONCATENATION DEPTH_TO_SPACE DILATE EXPAND_DIMS MATRIX_DIAG
        MATRIX_SET_DIAG MIRROR_PAD PACK PAD PADV2 RANK RESHAPE REVERSE_SEQUENCE REVERSE_V2 SHAPE SLICE
        SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQUEEZE STRIDED_SLICE TILE TRANSPOSE UNPACK
        STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONCATENATE STABLEHLO_DYNAMIC_SLICE STABLEHLO_PAD STABLEHLO_RESHAPE
        STABLEHLO_SLICE STABLEHLO_TRANSPOSE
    """,
    Family.CAST: "BITCAST CAST DENSIFY DEQUANTIZE FAKE_QUANT QUANTIZE STABLEHLO_CONVERT",
    Family.CONSTANT: """
        FILL MULTINOMIAL RANDOM_STANDARD_NORMAL RANDOM_UNIFORM RANGE READ_VARIABLE VAR_HANDLE ZEROS_LIKE
        STABLEHLO_IOTA STABLEHLO_RNG_BIT_GENERATOR
    """,
    Family.CONTROL_FLOW: "ASSIGN_VARIABLE CALL CALL_ONCE IF WHILE STABLEHLO_CASE STABLEHLO_COMPOSITE STABLEHLO_WHILE",
    Family.GATHER_SCATTER: """
        BUCKETIZE CONCAT_EMBEDDINGS DYNAMIC_UPDATE_SLICE EMBEDDING_LOOKUP EMBEDDING_LOOKUP_SPARSE GATHER GATHER_ND
        HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_LOOKUP HASHTABLE_SIZE LSH_PROJECTION
        NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 ONE_HOT SCATTER_ND SKIP_GRAM SPARSE_TO_DENSE UNIQUE WHERE
        STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_GATHER STABLEHLO_SCATTER
    """,
    Family.CONV: "CONV_2D CONV_3D CONV_3D_TRANSPOSE DEPTHWISE_CONV_2D TRANSPOSE_CONV STABLEHLO_CONVOLUTION",
    Family.POOL: "AVERAGE_POOL_2D L2_POOL_2D MAX_POOL_2D RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR",
    Family.RECURRENT: """
        BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN LSTM RNN SVDF UNIDIRECTIONAL_SEQUENCE_LSTM
        UNIDIRECTIONAL_SEQUENCE_RNN
    """,
    Family.FUSED: "DELEGATE TfLiteXNNPackDelegate",
    Family.CUSTOM: """
        CUSTOM STABLEHLO_CUSTOM_CALL AudioSpectrogram Convolution2DTransposeBias MaxPoolingWithArgmax2D
        MaxUnpooling2D Mfcc TFLite_Detection_PostProcess odml.update_kv_cache
    """,
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}
SELECTED_FROM_TENSORFLOW = "Flex"
OUR_OWN = "Nnparity>"


class TFLite:
    name = "tflite"
    title = "TFLite"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return the operators of every subgraph: the bodies of WHILE, IF and composites are subgraphs of their own.

        A custom operator goes by its own code; one that the reader's schema is too old for is BUILTIN_<number>.
        """
        import tflite

        known = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
        model = tflite.Model.GetRootAsModel(artifact.model, 0)
        counts: Counter[str] = Counter()
        for i in range(model.SubgraphsLength()):
            subgraph = model.Subgraphs(i)
            for j in range(subgraph.OperatorsLength()):
                code = model.OperatorCodes(subgraph.Operators(j).OpcodeIndex())
                # Codes above 127 do not fit the deprecated field, which then holds 127; old files have only that field.
                number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
                custom = number == tflite.BuiltinOperator.CUSTOM
                counts[code.CustomCode().decode() if custom else known.get(number, f"BUILTIN_{number}")] += 1
        return counts

    def family(self, operator: str) -> Family | None:
        if operator.startswith((SELECTED_FROM_TENSORFLOW, OUR_OWN)):
            return Family.CUSTOM
        return FAMILIES.get(operator)


REPRESENTATION = TFLite()
