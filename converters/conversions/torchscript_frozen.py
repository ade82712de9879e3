"""TorchScript frozen for inference: weights become constants, then the graph is folded and simplified."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class TorchScriptFrozen:
    name = "torchscript_frozen"
    environment = "torch"
    source = "torchscript"
    target = "torchscript"

    def convert(self, artifact: Artifact) -> Artifact:
        import torch

        with load_file(SUPPORT / "torch_calls.py").without_torchscript_deprecation():
            return artifact.converted(self.target, torch.jit.freeze(artifact.model))


COMPONENT = TorchScriptFrozen()
