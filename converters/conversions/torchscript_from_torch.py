"""TorchScript by torch.jit.trace: what the module did on the example, recorded."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
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
        try:
            with calls.without_torchscript_deprecation():
                traced = torch.jit.trace(artifact.model, calls.example_tensors(artifact), check_trace=False)
        except RuntimeError as error:
            if not str(error).startswith(calls.COMPILES_ITSELF):
                raise
            raise Unsupported(f"torch.jit.trace: {error}") from error
        return artifact.converted(self.target, traced)


COMPONENT = TorchScriptFromTorch()
