"""TorchScript by torch.jit.trace: what the module did on the example, recorded."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class TorchScriptFromTorch:
    name = "torchscript_from_torch"
    environment = "torch"
    source = "torch"
    target = "torchscript"

    def convert(self, artifact: Artifact) -> Artifact:
        import torch

        calls = load_file(SUPPORT / "torch_calls.py")
        # The check would trace twice more and only warn of what the comparison finds anyway.
        with calls.without_torchscript_deprecation():
            traced = torch.jit.trace(artifact.model, calls.example_tensors(artifact), check_trace=False)
        return artifact.converted(self.target, traced)


COMPONENT = TorchScriptFromTorch()
