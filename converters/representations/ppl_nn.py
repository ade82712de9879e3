"""An ONNX model that ppl.nn is given, with the operators that are left when it has optimised it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

ONNX = Path(__file__).with_name("onnx.py")
PMX = "pmx."
OWN = {
    Family.ACTIVATION: "GELU SiLU SwiGLU Swish",
    Family.NORMALISATION: "GroupNorm LayerNorm RMSNorm",
    Family.REDUCTION: "Reduce",
    Family.LAYOUT: "ChannelShuffle PixelUnshuffle Reorder Shape",
    Family.FUSED: "MultiHeadAttention PostDepthwiseConv ShapeOperation",
}
FAMILIES = {operator: family for family, operators in OWN.items() for operator in operators.split()}


class PplNn:
    name = "ppl_nn"
    title = "ppl.nn"

    def save(self, model: Any, folder: Path) -> None:
        load_file(ONNX).REPRESENTATION.save(model, folder)

    def load(self, folder: Path) -> Any:
        return load_file(ONNX).REPRESENTATION.load(folder)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return the operators of the model as it is: what is left of them pplnn only tells where it runs."""
        counts: Mapping[str, int] = load_file(ONNX).REPRESENTATION.count(artifact)
        return counts

    def family(self, operator: str) -> Family | None:
        """Return the family of an ONNX operator, or of one of ppl.nn's own, "pmx.Reorder"."""
        if operator.startswith(PMX):
            return FAMILIES.get(operator[len(PMX) :])
        family: Family | None = load_file(ONNX).REPRESENTATION.family(operator)
        return family


REPRESENTATION = PplNn()
