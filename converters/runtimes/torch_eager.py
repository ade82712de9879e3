"""PyTorch itself, running the module line by line under inference mode."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Session
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class TorchEager:
    name = "torch_eager"
    environment = "torch"
    accepts = ("torch",)

    def load(self, artifact: Artifact) -> Session:
        session: Session = load_file(SUPPORT / "torch_calls.py").ModuleSession(artifact.model, artifact)
        return session


COMPONENT = TorchEager()
