"""The graph of an ExportedProgram, run operator by operator on the CPU under inference mode."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Session
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class ExportedProgramCpu:
    name = "exported_program_cpu"
    environment = "torch"
    accepts = ("exported_program",)

    def load(self, artifact: Artifact) -> Session:
        session: Session = load_file(SUPPORT / "torch_calls.py").ModuleSession(artifact.model.module(), artifact)
        return session


COMPONENT = ExportedProgramCpu()
