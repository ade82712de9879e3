"""An engine that TensorRT has built, one .engine file, as bytes; it is for the GPU and the version that built it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.engine"
OPERATORS = {
    Family.MATMUL: "MatrixMultiply FullyConnected Gemm gemm",
    Family.ELEMENTWISE: "ElementWise PointWise PointWiseV2 Unary Select Scale",
    Family.ACTIVATION: "Activation SoftMax SoftMaxV2 ParametricReLU",
    Family.NORMALISATION: "LRN Normalization",
    Family.REDUCTION: "CumSum CumulativeSum Reduce TopK",
    Family.LAYOUT: "Concat Concatenation NoOp Padding Reformat Reverse Shape Shuffle Slice Squeeze Tile Unsqueeze",
    Family.CAST: "Cast Dequantize Quantize",
    Family.CONSTANT: "Constant Fill",
    Family.CONTROL_FLOW: "Condition Conditional ConditionalInput ConditionalOutput LoopOutput Recurrence TripLimit",
    Family.GATHER_SCATTER: "Gather GridSample NMS NonZero OneHot RaggedSoftMax Scatter",
    Family.CONV: "CaskConvolution CaskDeconvolutionV2 CaskGemmConvolution Convolution Deconvolution",
    Family.POOL: "CaskPooling Pooling PoolingV2 Resize",
    Family.RECURRENT: "RNN RNNv2",
    Family.FUSED: "kgen Myelin MyelinV2 runtime_fusion",
    Family.CUSTOM: "PluginV2 PluginV3",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}


class TensorRtEngine:
    name = "tensorrt_engine"
    title = "TensorRT engine"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: without a GPU nothing reads the file, only who builds it knows its layers."""
        raise TypeError(
            "counting a tensorrt_engine: the runtime that builds it knows; let it return with_operators(...)"
        )

    def family(self, operator: str) -> Family | None:
        """Return the family of a layer that TensorRT for RTX lists, or that trtexec exports."""
        family: Family | None = load_file(SUPPORT / "tensorrt_layers.py").family(operator)
        return family or FAMILIES.get(operator)


REPRESENTATION = TensorRtEngine()
