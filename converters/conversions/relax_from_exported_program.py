"""An ExportedProgram to Relax, by TVM's PyTorch front end."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class RelaxFromExportedProgram:
    name = "relax_from_exported_program"
    environment = "tvm_relax"
    source = "exported_program"
    target = "relax"
    on_demand = True
    operators_from = "calls in the functions of the imported module"

    def convert(self, artifact: Artifact) -> Artifact:
        from tvm.relax.frontend.torch import from_exported_program

        support = load_file(SUPPORT / "relax_module.py")
        with support.declared():
            module = from_exported_program(artifact.model, unwrap_unit_return_tuple=True)
        converted: Artifact = support.imported(
            artifact, module, inputs=tuple(spec.name for spec in artifact.inputs), outputs=artifact.outputs
        )
        return converted


COMPONENT = RelaxFromExportedProgram()
