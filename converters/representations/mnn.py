"""MNN's own form of a model: one .mnn file."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.mnn"
NAMES = "names.json"

# An input and a constant are values and no operators.
VALUES = frozenset(("Input", "Const", "TrainableParam"))
# These say by an attribute what they compute.
KINDS = {"UnaryOp": "opType", "BinaryOp": "opType", "Reduction": "operation"}
NOT_A_NUMBER_OF_JSON = re.compile(r"(?<=[\s,\[:])(-?)(inf|nan)(?=[\s,\]])")

OPERATORS = {
    Family.MATMUL: "BatchMatMul Det InnerProduct MatMul Stft Svd",
    Family.ELEMENTWISE: """
        AbsVal Bias BinaryOp CosineSimilarity Eltwise Exp FloorMod Log MatrixBandPart Power Scale Select Threshold
        UnaryOp
    """,
    Family.ACTIVATION: "Bnll Dropout ELU PReLU ReLU ReLU6 Selu Sigmoid Softmax TanH",
    Family.NORMALISATION: "BatchNorm GroupNorm InstanceNorm LayerNorm LRN MVN Moments Normalize",
    Family.REDUCTION: "ArgMax ArgMin CumProd CumSum Histogram Reduction TopKV2",
    Family.LAYOUT: """
        BatchToSpaceND BroadcastTo Broastcast Col2Im Concat ConvertTensor Crop DepthToSpace ExpandDims Flatten Identity
        Im2Col Im2Seq Pack Padding Permute Rank Raster Reshape Reverse ReverseSequence Seq2Out Shape Size Slice SliceTf
        SpaceToBatchND SpaceToDepth Split Squeeze StridedSlice Tile Transpose Unpack Unsqueeze
    """,
    Family.CAST: "Cast CastLike Dequantize DynamicQuant FloatToInt8 Int8ToFloat",
    Family.CONSTANT: "EyeLike Fill LinSpace RandomNormal RandomUniform Range ZerosLike",
    Family.CONTROL_FLOW: """
        If While TensorArray TensorArrayConcat TensorArrayErase TensorArrayGather TensorArrayInsert TensorArrayRead
        TensorArrayScatter TensorArraySize TensorArraySplit TensorArrayWrite
    """,
    Family.GATHER_SCATTER: """
        Gather GatherElements GatherND GatherV2 GridSample NonMaxSuppression NonMaxSuppressionV2 OneHot ROIAlign
        ScatterElements ScatterNd SetDiff1D Unique UnravelIndex Where
    """,
    Family.CONV: """
        ConvInt8 ConvTranspose3D Convolution Convolution3D ConvolutionDepthwise Deconvolution DeconvolutionDepthwise
        DepthwiseConvInt8 Dilation2D
    """,
    Family.POOL: "CropAndResize Cubic Interp Interp3D PoolInt8 Pooling Pooling3D Resize ROIPooling",
    Family.RECURRENT: "LSTM LSTMBlockCell RNN RNNSequenceGRU",
    Family.FUSED: "Attention FmhaV2 Fmhca LinearAttention MoE RoPE SeqLen2Spatial SplitGeLU",
    Family.CUSTOM: "DetectionOutput DetectionPostProcess Extra Plugin PriorBox Proposal",
}
UNARY = {
    Family.ACTIVATION: "BNLL GELU GELU_STANDARD HARDSWISH SIGMOID SILU TANH",
    Family.ELEMENTWISE: """
        ABS ACOS ACOSH ASIN ASINH ATAN ATANH CEIL COS COSH ERF ERFC ERFINV EXP EXPM1 FLOOR LOG LOG1P NEG RECIPROCAL
        ROUND RSQRT SIGN SIN SINH SQRT SQUARE TAN
    """,
}
BINARY = {
    Family.ACTIVATION: "MUL_SILU",
    Family.ELEMENTWISE: """
        ADD ATAN2 BITWISE_AND BITWISE_OR BITWISE_XOR DIV EQUAL FLOORDIV FLOORMOD GREATER GREATER_EQUAL LEFTSHIFT LESS
        LESS_EQUAL LOGICALOR LOGICALXOR MAXIMUM MAX_TEMP MINIMUM MIN_TEMP MOD MUL NOTEQUAL POW REALDIV RIGHTSHIFT
        SUB SquaredDifference
    """,
}
REDUCTIONS = "ALL ANY ASUM MAXIMUM MEAN MINIMUM PROD SUM SUMSQ"
FAMILIES = {
    **{name: family for family, names in OPERATORS.items() for name in names.split()},
    **{f"UnaryOp.{name}": family for family, names in UNARY.items() for name in names.split()},
    **{f"BinaryOp.{name}": family for family, names in BINARY.items() for name in names.split()},
    **{f"Reduction.{name}": Family.REDUCTION for name in REDUCTIONS.split()},
}


class Mnn:
    name = "mnn"
    title = "MNN"

    def save(self, model: Any, folder: Path) -> None:
        (folder / FILE).write_bytes(model.content)
        names = {"layout": model.layout, "inputs": dict(model.inputs), "outputs": dict(model.outputs)}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "mnn_converter.py").MnnModel((folder / FILE).read_bytes(), **names)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each operator the file has, the bodies of While and If included.

        Unary, binary and reducing operators go by what they compute: "UnaryOp.ERF". Constants are not counted.
        """
        return counted(load_file(SUPPORT / "mnn_converter.py").as_json(artifact.model.content))

    def family(self, operator: str) -> Family | None:
        return FAMILIES.get(operator)


def counted(text: str) -> Mapping[str, int]:
    """Return the operators in the converter's JSON of a file."""
    counts: Counter[str] = Counter()
    pending: list[Any] = [json.loads(NOT_A_NUMBER_OF_JSON.sub("null", text))]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, dict):
            pending.extend(part.values())
            if "defaultDimentionFormat" in part and part["type"] not in VALUES:  # so spelt in every operator
                kind = part.get("main", {}).get(KINDS.get(part["type"], ""))
                counts[part["type"] if kind is None else f"{part['type']}.{kind}"] += 1
    return counts


REPRESENTATION = Mnn()
