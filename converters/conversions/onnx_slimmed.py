"""ONNX slimmed by onnxslim: constants are folded, known patterns fused, dead and repeated nodes removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class OnnxSlimmed:
    name = "onnx_slimmed"
    environment = "onnx_optimizers"
    source = "onnx"
    target = "onnx"
    on_demand = True
    operators_from = "nodes of the model that onnxslim returns"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return what onnxslim makes of the model by default; it changes the model that it is given, so of a copy."""
        import onnx
        import onnxslim

        given = onnx.ModelProto()
        given.CopyFrom(artifact.model)
        model: Any = onnxslim.slim(given)
        if model is None:
            raise RuntimeError("onnxslim: gave no model")
        check = load_file(SUPPORT / "optimised_onnx.py").same_interface
        return artifact.converted(self.target, check(model, artifact, tool="onnxslim"))


COMPONENT = OnnxSlimmed()
