"""libtorch's interpreter of TorchScript, on the CPU, under inference mode."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Session
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class LibtorchCpu:
    name = "libtorch_cpu"
    environment = "torch"
    accepts = ("torchscript",)

    def load(self, artifact: Artifact) -> Session:
        """Return a session. Its first calls profile; later ones run a graph specialised for what those saw."""
        session: Session = load_file(SUPPORT / "torch_calls.py").ModuleSession(artifact.model, artifact)
        return session


COMPONENT = LibtorchCpu()
