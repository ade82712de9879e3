"""litert-torch, which writes TFLite files from PyTorch modules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"

# litert-torch's own words for an ATen operator that it does not lower; their class is RuntimeError.
NO_LOWERING = "Lowering not found: "
# PyTorch's own words, when litert-torch asks it for the array of a weight in bfloat16; their class is TypeError.
NO_BFLOAT16 = "Got unsupported ScalarType BFloat16"
# The TFLite converter's own words for an operator that TFLite does not have in half precision; their class is
# ValueError. The same words about other dtypes mean that a lowering chose the wrong operator.
HALF = "f16>"
ILLEGAL = re.compile(
    r"failed to legalize operation 'tfl\.\w+' that was explicitly marked illegal"
    r"|'tfl\.\w+' op operand #\d+ must be tensor of [^\n]* but got '[^']+'"
)


class TFLiteFromTorch:
    name = "tflite_from_torch"
    environment = "litert_torch"
    source = "torch"
    target = "tflite"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the TFLite file; 64-bit inputs and outputs become 32-bit in it, which is litert-torch's default."""
        import litert_torch

        # litert-torch takes dynamic_shapes, but 0.10.0 lowers little more than convolutions with them: a linear
        # layer, a softmax or a normalisation ends in an assertion or a TypeError about the size -2**63.
        if artifact.open_axes:
            raise Unsupported(f"litert_torch {litert_torch.__version__}: its dynamic shapes work for few layers only")
        litert_torch.config.show_progress = False
        calls = load_file(SUPPORT / "torch_calls.py")
        names = tuple(spec.name for spec in artifact.inputs)
        example = dict(zip(names, calls.tensors(names, artifact.example()), strict=True))
        refusals = load_file(SUPPORT / "torch_export_refusals.py").refusals()
        try:
            model = litert_torch.convert(named(artifact), sample_kwargs=example)
        except refusals as refusal:
            raise Unsupported(f"litert_torch {litert_torch.__version__}: torch.export: {refusal}") from refusal
        except (RuntimeError, TypeError) as error:
            if not str(error).startswith((NO_LOWERING, NO_BFLOAT16)):
                raise
            raise Unsupported(f"litert_torch {litert_torch.__version__}: {str(error).splitlines()[0]}") from error
        except ValueError as error:
            illegal = ILLEGAL.search(str(error))
            if illegal is None or HALF not in str(error):
                raise
            raise Unsupported(f"litert_torch {litert_torch.__version__}: {illegal[0]}") from error
        return artifact.converted("tflite", model.model_content())


def named(artifact: Artifact) -> Any:
    """Return the module with inputs and outputs by name, from which litert-torch takes the names of the signature."""
    import torch

    class Named(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = artifact.model

        def forward(self, **inputs: Any) -> dict[str, Any]:
            results = self.module(*(inputs[spec.name] for spec in artifact.inputs))
            results = (results,) if isinstance(results, torch.Tensor) else results
            return dict(zip(artifact.outputs, results, strict=True))

    return Named().eval()


COMPONENT = TFLiteFromTorch()
