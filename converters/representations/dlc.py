"""Qualcomm's deep learning container, one .dlc file, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family

FILE = "model.dlc"
OPERATORS = {
    Family.MATMUL: "FullyConnected MatMul",
    Family.ELEMENTWISE: "Eltwise_Binary Eltwise_Ternary Eltwise_Unary",
    Family.ACTIVATION: "ElementWiseNeuron Neuron Prelu Softmax LogSoftmax",
    Family.NORMALISATION: "Batchnorm GroupNorm InstanceNorm L2Norm LayerNorm Lrn RmsNorm",
    Family.REDUCTION: "Argmax Argmin CumulativeSum Reduce TopK",
    Family.LAYOUT: """
        ChannelShuffle Concat DepthToSpace ExpandDims Pack Pad Reshape Shape SpaceToDepth Split StridedSlice Tile
        Transpose UnPack
    """,
    Family.CAST: "Cast Convert Dequantize Quantize",
    Family.CONSTANT: "Constant constant data",
    Family.GATHER_SCATTER: "Gather GatherElements GatherNd NonZero OneHot ScatterElements ScatterNd",
    Family.CONV: "Conv1d Conv2d Conv3d DepthWiseConv2d TransposeConv1d TransposeConv2d TransposeConv3d",
    Family.POOL: "Pool2d Pool3d PoolAvg2d PoolMax2d Resize",
    Family.RECURRENT: "Gru Lstm RolledLstm",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}


class Dlc:
    name = "dlc"
    title = "DLC"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: only Qualcomm's tools read the file, and whoever writes it has one to hand."""
        raise TypeError("counting a .dlc: the conversion knows; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        return FAMILIES.get(operator)


REPRESENTATION = Dlc()
