"""ONNX by PyTorch's older exporter, which goes through TorchScript (dynamo=False), at two opsets."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# What PyTorch 2.13 says at each export by this exporter; it is run here because it is in use.
DEPRECATED = (
    r"You are using the legacy TorchScript-based ONNX export",
    r"The feature will be removed\. Please remove usage of this function",
)


class OnnxFromTorchLegacy:
    environment = "torch"
    source = "torch"

    def __init__(self, name: str, *, target: str, opset: int, on_demand: bool) -> None:
        self.name = name
        self.target = target
        self.on_demand = on_demand
        self._opset = opset

    def convert(self, artifact: Artifact) -> Artifact:
        import onnx
        import torch

        calls = load_file(SUPPORT / "torch_calls.py")
        custom = load_file(SUPPORT / "custom_operator.py")
        custom.register_in_legacy_exporter(self._opset)
        example = calls.example_tensors(artifact)
        file = io.BytesIO()
        try:
            with calls.without_warnings(DeprecationWarning, *DEPRECATED):
                torch.onnx.export(
                    artifact.model,
                    example,
                    file,
                    dynamo=False,
                    opset_version=self._opset,
                    input_names=[spec.name for spec in artifact.inputs],
                    output_names=list(artifact.outputs),
                    dynamic_axes={**calls.named_axes(artifact), **_open_in_outputs(artifact, calls)},
                    custom_opsets={custom.NAMESPACE: custom.DOMAIN_VERSION},
                )
        except (RuntimeError, AssertionError) as error:
            if not _is_refusal(error, by_tracer=calls.COMPILES_ITSELF):
                raise
            raise Unsupported(f"torch.onnx.export(dynamo=False, opset_version={self._opset}): {error}") from error
        model = onnx.load_from_string(file.getvalue())
        check = load_file(SUPPORT / "exported_onnx.py").checked
        return artifact.converted(
            self.target, check(model, artifact, exporter="torch.onnx.export(dynamo=False)", opset=self._opset)
        )


def _open_in_outputs(artifact: Artifact, calls: Any) -> dict[str, dict[int, str]]:
    """Return {output: {axis: name}} of the axes whose size follows an axis that the inputs leave open.

    The exporter declares an axis of an output at the size that it traced unless it is named here, and a simplifier
    takes that for true. What follows is seen in a second run, with one more along the open axis.
    """
    if not artifact.open_axes:
        return {}
    traced = _output_shapes(artifact, calls)
    found: dict[str, dict[int, str]] = {name: {} for name in artifact.outputs}
    for name in artifact.open_axes:
        grown = replace(artifact, sizes={**artifact.sizes, name: artifact.sizes[name] + 1})
        for output, shape in _output_shapes(grown, calls).items():
            for axis, (before, after) in enumerate(zip(traced[output], shape, strict=True)):
                if before != after:
                    same = (before, after) == (artifact.sizes[name], grown.sizes[name])
                    found[output][axis] = name if same else f"{output}_{axis}"
    return {output: axes for output, axes in found.items() if axes}


def _output_shapes(artifact: Artifact, calls: Any) -> dict[str, tuple[int, ...]]:
    outputs = calls.ModuleSession(artifact.model, artifact).run(artifact.example())
    return {name: array.shape for name, array in outputs.items()}


def _is_refusal(error: Exception, *, by_tracer: str) -> bool:
    """Return whether the exporter declares the model unsupported, or the tracer below it, in a text that begins so.

    It has one class for operators without a translation. A translation that refuses some arguments raises one of the
    general classes and a text that symbolic_helper._onnx_unsupported begins in this way, or asserts: "conversion of
    scaled_dot_product_attention not implemented if enable_gqa is True" (PyTorch 2.13).
    """
    from torch.onnx.errors import OnnxExporterError, UnsupportedOperatorError

    if isinstance(error, AssertionError):
        return str(error).startswith("conversion of ") and " not implemented " in str(error)
    if isinstance(error, OnnxExporterError):
        return isinstance(error, UnsupportedOperatorError) or str(error).startswith("Unsupported: ")
    return str(error).startswith(by_tracer)


COMPONENTS = (
    # The first opset with LayerNormalization, and what this exporter wrote for its users as long as it was the default.
    OnnxFromTorchLegacy("onnx_from_torch_legacy", target="onnx", opset=17, on_demand=False),
    # What readers are given that stopped at an older one.
    OnnxFromTorchLegacy("onnx13_from_torch_legacy", target="onnx13", opset=13, on_demand=True),
)
