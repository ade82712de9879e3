"""Qualcomm's Deep Learning Container, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
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
        """Raise TypeError: no reader of the file is at hand, only who writes it knows its operators."""
        raise TypeError("counting a dlc: what writes it knows its operators; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        """Return the family of a name that QNN's graphs have, or that snpe-dlc-info prints."""
        family: Family | None = load_file(SUPPORT / "qnn_operators.py").FAMILIES.get(operator)
        return family or FAMILIES.get(operator)


REPRESENTATION = Dlc()
