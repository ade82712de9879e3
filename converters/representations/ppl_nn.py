"""An ONNX model that ppl.nn is given, with the operators that are left when it has optimised it."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Family
from nnparity.loading import load_file

ONNX = load_file(Path(__file__).with_name("onnx.py"))
PMX = "pmx."
OWN = {
    Family.ACTIVATION: "GELU SiLU SwiGLU Swish",
    Family.NORMALISATION: "GroupNorm LayerNorm RMSNorm",
    Family.REDUCTION: "Reduce",
    Family.LAYOUT: "ChannelShuffle PixelUnshuffle Reorder Shape",
    Family.FUSED: "MultiHeadAttention PostDepthwiseConv ShapeOperation",
}
FAMILIES = {operator: family for family, operators in OWN.items() for operator in operators.split()}


class PplNn(ONNX.Onnx):
    """Counted as the model is: what is left of it pplnn only tells where it runs."""

    name = "ppl_nn"
    title = "ppl.nn"

    def family(self, operator: str) -> Family | None:
        """Return the family of an ONNX operator, or of one of ppl.nn's own, "pmx.Reorder"."""
        if operator.startswith(PMX):
            return FAMILIES.get(operator[len(PMX) :])
        family: Family | None = super().family(operator)
        return family


REPRESENTATION = PplNn()
