"""An ExportedProgram to StableHLO, by torch-mlir."""

from __future__ import annotations

import re
from typing import Any

from nnparity.contracts import Artifact, Unsupported

FUNCTION = "main"
RESOURCES = "{-#"
RESOURCE = re.compile(r'([\w.$-]+): "0x([0-9A-Fa-f]+)"')
USE = re.compile(r"dense_resource<([\w.$-]+)>")
# What a resource says about its alignment, before its bytes.
HEADER_DIGITS = 8
# torch-mlir's own words for an operation, and for an open axis, that it has no form for.
REFUSED = re.compile(r"failed to legalize operation 'torch[\w.]+'(?:.*?name = \"[\w.]+\")?")
STATIC = "must be a static int list"
NO_IMPORTER = "not implemented in the FxImporter"


class StableHloFromExportedProgram:
    name = "stablehlo_from_exported_program"
    environment = "torch_mlir"
    source = "exported_program"
    target = "stablehlo"
    on_demand = True
    operators_from = "operations of the module's text"

    def convert(self, artifact: Artifact) -> Artifact:
        from torch_mlir import fx, ir
        from torch_mlir.compiler_utils import TorchMlirCompilerError
        from torch_mlir.dialects.torch import register_dialect
        from torch_mlir.extras.fx_importer import FxImporter

        said: list[str] = []

        def note(diagnostic: Any) -> bool:
            said.append(diagnostic.message)
            return True

        context = ir.Context()
        register_dialect(context)
        handler = context.attach_diagnostic_handler(note)
        try:
            module = fx.export_and_import(
                artifact.model, output_type=self.target, func_name=FUNCTION, fx_importer=FxImporter(context=context)
            )
        except TorchMlirCompilerError as problem:
            refusal = REFUSED.search("\n".join(said))
            if refusal is None:
                raise RuntimeError(f"torch-mlir: {said or problem}") from problem
            raise Unsupported(f"torch-mlir: {refusal[0]}") from problem
        except (ValueError, NotImplementedError) as problem:
            if STATIC not in str(problem) and NO_IMPORTER not in str(problem):
                raise
            raise Unsupported(f"torch-mlir: {problem}") from problem
        finally:
            handler.detach()
        return artifact.converted(self.target, with_values_in_place(str(module)))


def with_values_in_place(text: str) -> str:
    """Return the module's text with its weights where they are used: XLA takes no resources.

    Raises KeyError for a resource that the text does not define.
    """
    body, found, resources = text.partition(RESOURCES)
    if not found:
        return text
    values = dict(RESOURCE.findall(resources))
    return USE.sub(lambda use: f'dense<"0x{values[use[1]][HEADER_DIGITS:]}">', body)


COMPONENT = StableHloFromExportedProgram()
