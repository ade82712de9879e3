"""ONNX simplified by onnxsim: constants are folded, nodes are fused and removed, until nothing changes any more."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class OnnxSimplified:
    name = "onnx_simplified"
    environment = "onnx_optimizers"
    source = "onnx"
    target = "onnx"
    on_demand = True
    operators_from = "nodes of the model that onnxsim returns"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return what onnxsim makes of the model by default.

        Its own comparison is off by default and stays so: what it would find is for the runtimes behind to show.
        """
        import onnxsim

        model, sound = onnxsim.simplify(artifact.model)
        if not sound:
            raise RuntimeError("onnxsim: the simplified model did not pass its own check")
        check = load_file(SUPPORT / "optimised_onnx.py").same_interface
        return artifact.converted(self.target, check(model, artifact, tool="onnxsim"))


COMPONENT = OnnxSimplified()
