"""ncnn's own form of a model: a .param file, which is text, and a .bin file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
PARAM, WEIGHTS, BLOBS = "model.ncnn.param", "model.ncnn.bin", "blobs.json"

# Inputs and constants are values; Split gives one blob several names, because each may be read once.
VALUES = frozenset(("Input", "MemoryData", "Split"))
OPERATORS = {
    Family.MATMUL: "Einsum Gemm InnerProduct MatMul Spectrogram InverseSpectrogram",
    Family.ELEMENTWISE: """
        AbsVal Bias BinaryOp Clip Dropout Eltwise Erf Exp Log Power Scale Threshold UnaryOp
    """,
    Family.ACTIVATION: """
        BNLL CELU ELU GELU GLU HardSigmoid HardSwish Mish PReLU ReLU SELU Shrink Sigmoid Softmax Softplus Swish TanH
    """,
    Family.NORMALISATION: "BatchNorm GroupNorm InstanceNorm LayerNorm LRN MVN Normalize RMSNorm",
    Family.REDUCTION: "ArgMax CumulativeSum Reduction StatisticsPooling",
    Family.LAYOUT: """
        Concat CopyTo Crop DeepCopy Diag ExpandDims Flatten Flip Fold Noop Packing Padding Permute PixelShuffle Reorg
        Reshape ShuffleChannel Slice Squeeze Tile Unfold
    """,
    Family.CAST: "Cast Dequantize Quantize Requantize",
    Family.GATHER_SCATTER: "Embed GridSample",
    Family.CONV: """
        Convolution Convolution1D Convolution3D ConvolutionDepthWise ConvolutionDepthWise1D ConvolutionDepthWise3D
        Deconvolution Deconvolution1D Deconvolution3D DeconvolutionDepthWise DeconvolutionDepthWise1D
        DeconvolutionDepthWise3D DeformableConv2D
    """,
    Family.POOL: "Interp Pooling Pooling1D Pooling3D PSROIPooling ROIAlign ROIPooling SPP",
    Family.RECURRENT: "GRU LSTM RNN",
    Family.FUSED: "MultiHeadAttention RotaryEmbed SDPA",
    Family.CUSTOM: "DetectionOutput PriorBox Proposal Yolov3DetectionOutput YoloDetectionOutput",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}
# What pnnx leaves as it found it, since ncnn has no layer for it, keeps one of PyTorch's names.
LEFT = ("torch.", "Tensor.", "aten::", "F.", "nn.")
# Arithmetic in one line of text, and a name that PyTorch has in Python only.
FAMILIES |= {"pnnx.Expression": Family.ELEMENTWISE, "F.interpolate": Family.POOL}


class Ncnn:
    name = "ncnn"
    title = "ncnn"

    def save(self, model: Any, folder: Path) -> None:
        (folder / PARAM).write_text(model.param, encoding="utf-8")
        (folder / WEIGHTS).write_bytes(model.weights)
        described = {
            end: {name: [blob.name, blob.batch_index] for name, blob in getattr(model, end).items()}
            for end in ("inputs", "outputs")
        }
        (folder / BLOBS).write_text(json.dumps(described), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        support = load_file(SUPPORT / "pnnx_converter.py")
        described = json.loads((folder / BLOBS).read_text(encoding="utf-8"))
        ends = {end: {name: support.Blob(*blob) for name, blob in blobs.items()} for end, blobs in described.items()}
        return support.NcnnModel(
            param=(folder / PARAM).read_text(encoding="utf-8"), weights=(folder / WEIGHTS).read_bytes(), **ends
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many layers of each type the .param file has; those in VALUES are not counted."""
        return Counter(layer for layer in layers(artifact.model.param) if layer not in VALUES)

    def family(self, operator: str) -> Family | None:
        if operator in FAMILIES:
            return FAMILIES[operator]
        if operator.startswith(LEFT):
            name = operator.replace("::", ".").split(".", 1)[1]
            family: Family | None = load_file(SUPPORT / "aten_families.py").family(f"aten::{name}")
            return family
        return None


def layers(param: str) -> list[str]:
    """Return the type of every layer in the text of a .param file: a magic number, two counts, a line for each."""
    return [line.split()[0] for line in param.splitlines()[2:] if line.strip()]


REPRESENTATION = Ncnn()
