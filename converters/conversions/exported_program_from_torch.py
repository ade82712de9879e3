"""An ExportedProgram by torch.export.export in its default, non-strict mode."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class ExportedProgramFromTorch:
    name = "exported_program_from_torch"
    environment = "torch"
    source = "torch"
    target = "exported_program"

    def convert(self, artifact: Artifact) -> Artifact:
        import torch

        calls = load_file(SUPPORT / "torch_calls.py")
        example = calls.example_tensors(artifact)
        shapes = calls.dynamic_shapes(artifact)
        refusals = load_file(SUPPORT / "torch_export_refusals.py").refusals()
        try:
            program = torch.export.export(artifact.model, example, dynamic_shapes=shapes)
        except refusals as refusal:
            raise Unsupported(f"torch.export: {refusal}") from refusal
        return artifact.converted(self.target, program)


COMPONENT = ExportedProgramFromTorch()
