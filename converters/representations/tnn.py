"""A model in TNN's form: a graph as text, its constants, and beside them the dtypes and shapes of its outputs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
PROTO, WEIGHTS, ENDS = "model.tnnproto", "model.tnnmodel", "ends.json"
OPERATORS = {
    Family.MATMUL: "Einsum InnerProduct Inverse MatMul Tensordot",
    Family.ELEMENTWISE: """
        Abs Acos Add Asin Atan BiasAdd BitShift BlobScale Ceil Clip Cos Div Dropout Eltwise Equal Erf Exp Floor Greater
        Less Log Maximum Minimum Mul Neg Not Or Power Reciprocal Rsqrt Scale Sign Sin Sqrt Square SquaredDifference Sub
        Tan Where And Xor
    """,
    Family.ACTIVATION: """
        Elu GELU HardSigmoid HardSwish HardTanH LeakyRelu LogSigmoid LogSoftmax PReLU ReLU ReLU6 Relu Relu6 Selu Sigmoid
        Softmax SoftmaxCaffe Softplus Softsign Swish Tanh
    """,
    Family.NORMALISATION: """
        BatchNorm BatchNormCxx BatchNormalization GroupNorm InstBatchNormCxx LRN LayerNorm LpNormalization Normalize
    """,
    Family.REDUCTION: """
        ArgMaxOrMin CumSum Histogram Prod ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
        ReduceProd ReduceSum ReduceSumSquare TopK
    """,
    Family.LAYOUT: """
        Concat Expand Flatten Identity Pack Pad PadV2 Permute PermuteV2 PixelShuffle Reorg Repeat Reshape Reverse Shape
        ShuffleChannel Size Slice Split SplitV Squeeze StridedSlice StridedSliceV2 Tile Transpose Unpack Unsqueeze
        SpaceToDepth DepthToSpace
    """,
    Family.CAST: "Cast Dequantize QuantizeV2 Reformat",
    Family.CONSTANT: "Const ConstantOfShape Fill Range",
    Family.GATHER_SCATTER: """
        Gather GatherElements GatherND GridSample NonMaxSuppression NonZero OneHot ScatterElements ScatterND
    """,
    Family.CONV: "Convolution Convolution1D Convolution3D ConvolutionDepthwise Deconvolution DeconvolutionDepthwise",
    Family.POOL: """
        AdaptiveAvgPool2d AdaptiveMaxPool2d Interp Pooling Pooling1D Pooling3D ROIPooling RoiAlign Upsample
    """,
    Family.RECURRENT: "GRUONNX Gru LSTMONNX Lstm",
    Family.FUSED: "CbamFusedPooling CbamFusedReduce FusedBatchNorm",
    Family.CUSTOM: "DetectionOutput DetectionPostProcess PriorBox",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}


class Tnn:
    name = "tnn"
    title = "TNN"

    def save(self, model: Any, folder: Path) -> None:
        (folder / PROTO).write_bytes(model.proto)
        (folder / WEIGHTS).write_bytes(model.weights)
        described = {"outputs": dict(model.outputs), "names": dict(model.names), "channels_last": model.channels_last}
        (folder / ENDS).write_text(json.dumps(described), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        described = json.loads((folder / ENDS).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "tnn_model.py").TnnModel(
            proto=(folder / PROTO).read_bytes(),
            weights=(folder / WEIGHTS).read_bytes(),
            outputs={name: (dtype, tuple(shape)) for name, (dtype, shape) in described["outputs"].items()},
            names=described["names"],
            channels_last=described["channels_last"],
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        return dict(Counter(load_file(SUPPORT / "tnn_model.py").layers(artifact.model.proto)))

    def family(self, operator: str) -> Family | None:
        return FAMILIES.get(operator)


REPRESENTATION = Tnn()
