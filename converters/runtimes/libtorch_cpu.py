"""libtorch's interpreter of TorchScript, on the CPU: as the file is, and optimised when it is loaded."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Session
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class LibtorchCpu:
    environment = "torch"
    accepts = ("torchscript",)

    def __init__(self, name: str, *, optimise: bool) -> None:
        self.name = name
        self._optimise = optimise

    def load(self, artifact: Artifact) -> Session:
        """Return a session. Its first calls profile; later ones run a graph specialised for what those saw.

        Optimised means torch.jit.optimize_for_inference: frozen, batch norms folded, operators exchanged for oneDNN's.
        It is done here because its result cannot be saved and loaded: it holds constants in oneDNN's own layouts.
        """
        import torch

        calls = load_file(SUPPORT / "torch_calls.py")
        with calls.without_torchscript_deprecation():
            model = torch.jit.optimize_for_inference(artifact.model) if self._optimise else artifact.model
        session: Session = calls.ModuleSession(model, artifact)
        return session


COMPONENTS = (LibtorchCpu("libtorch_cpu", optimise=False), LibtorchCpu("libtorch_cpu_optimized", optimise=True))
