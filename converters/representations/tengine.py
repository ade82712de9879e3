"""A model in Tengine's own form, one .tmfile, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family

FILE = "model.tmfile"
OPERATORS = {
    Family.MATMUL: "FullyConnected Gemm MatMul Matmul",
    Family.ELEMENTWISE: """
        Absval Add_n Bias BroadMul Ceil Clip Comparison Dropout Eltwise Logical Maximum Mean Minimum Reciprocal Round
        Scale SquaredDifference Threshold Unary Where
    """,
    Family.ACTIVATION: """
        Celu Elu Gelu HardSigmoid HardSwish Hardswish LogSoftmax Logistic Mish PReLU ReLU ReLU1 ReLU6 Relu Relu1 Relu6
        Selu Sigmoid Softmax Softplus Tanh
    """,
    Family.NORMALISATION: "BatchNormalize InstanceNorm L2Normalization LRN LayerNorm Lrn Mvn Normalize",
    Family.REDUCTION: "ArgMax ArgMin CumSum ReduceL2 Reduction Topkv2",
    Family.LAYOUT: """
        Batchtospacend Concat Crop DepthToSpace Depthtospace Expand Expanddims Flatten Noop Pad Permute Reorg Reshape
        Reverse Shape ShuffleChannel Slice SpaceToDepth Spacetobatchnd Spacetodepth Split Squeeze StridedSlice SwapAxis
        Tile Transpose Unsqueeze
    """,
    Family.CAST: "Cast",
    Family.CONSTANT: "ZerosLike",
    Family.GATHER_SCATTER: "Embedding Gather Scatter SparseToDense",
    Family.CONV: "Convolution Deconvolution",
    Family.POOL: "Interp L2Pool Pooling Psroipooling Resize RoiPooling Roialign SpatialTransformer Upsample",
    Family.RECURRENT: "GRU Gru LSTM Lstm RNN",
    Family.CUSTOM: "DetectionOutput DetectionPostProcess Generic PriorBox Region Rpn",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}


class Tengine:
    name = "tengine"
    title = "Tengine"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: only Tengine's library reads its files, and the conversion has it to hand."""
        raise TypeError("counting a .tmfile: the conversion knows; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        return FAMILIES.get(operator)


REPRESENTATION = Tengine()
