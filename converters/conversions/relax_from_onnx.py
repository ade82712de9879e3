"""ONNX to Relax, by TVM's ONNX front end."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class RelaxFromOnnx:
    name = "relax_from_onnx"
    environment = "tvm_relax"
    source = "onnx"
    target = "relax"
    on_demand = True
    operators_from = "calls in the functions of the imported module"

    def convert(self, artifact: Artifact) -> Artifact:
        from tvm.relax.frontend.onnx import from_onnx

        support = load_file(SUPPORT / "relax_module.py")
        with support.declared():
            module = from_onnx(artifact.model, keep_params_in_input=False)
        graph = artifact.model.graph
        weights = {weight.name for weight in graph.initializer}
        converted: Artifact = support.imported(
            artifact,
            module,
            inputs=tuple(value.name for value in graph.input if value.name not in weights),
            outputs=tuple(value.name for value in graph.output),
        )
        return converted


COMPONENT = RelaxFromOnnx()
