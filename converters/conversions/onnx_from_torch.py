"""ONNX by torch.onnx.export on top of torch.export, PyTorch's default since 2.9."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
DEFAULT_OPSET = 20
# PyTorch 2.13 calls a deprecated test of its own pytree module, and warns at each export that an axis of two inputs
# gets one name, which is what is asked for.
DEPRECATED_INSIDE = r"`isinstance\(treespec, LeafSpec\)` is deprecated"
AXIS_SHARED = r"# The axis name: (\w+) will not be used, since it shares .* with another axis: \1\."


class OnnxFromTorch:
    name = "onnx_from_torch"
    environment = "torch"
    source = "torch"
    target = "onnx"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the model that the exporter writes at its default opset, weights inside."""
        import torch
        from torch.onnx.errors import OnnxExporterError

        load_file(SUPPORT / "onnx_registry_cache.py").install()
        calls = load_file(SUPPORT / "torch_calls.py")
        translations = load_file(SUPPORT / "custom_operator.py").torch_translations()
        example = calls.example_tensors(artifact)
        shapes = calls.dynamic_shapes(artifact)
        names = [spec.name for spec in artifact.inputs]
        try:
            with (
                calls.without_warnings(FutureWarning, DEPRECATED_INSIDE),
                calls.without_warnings(UserWarning, AXIS_SHARED),
            ):
                program = torch.onnx.export(
                    artifact.model,
                    example,
                    input_names=names,
                    output_names=list(artifact.outputs),
                    dynamic_shapes=shapes,
                    custom_translation_table=translations,
                    verbose=False,
                )
        except OnnxExporterError as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            raise Unsupported(f"torch.onnx.export: {refusal}") from error
        check = load_file(SUPPORT / "exported_onnx.py").checked
        model = check(program.model_proto, artifact, exporter="torch.onnx.export", opset=DEFAULT_OPSET)
        return artifact.converted(self.target, model)


def _refusal(error: BaseException) -> BaseException | None:
    """Return the cause that says "not handled": no translation of an operator, or a refusal of torch.export."""
    from torch.onnx._internal.exporter._errors import DispatchError

    refusals = (DispatchError, *load_file(SUPPORT / "torch_export_refusals.py").refusals())
    return next((cause for cause in _causes(error) if isinstance(cause, refusals)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


COMPONENT = OnnxFromTorch()
