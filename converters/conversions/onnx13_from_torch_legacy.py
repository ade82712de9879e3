"""ONNX of opset 13 by PyTorch's older exporter: what readers are given that stopped at an older opset."""

from __future__ import annotations

import io
from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
NEWER = Path(__file__).with_name("onnx_from_torch_legacy.py")
OPSET = 13


class Onnx13FromTorchLegacy:
    name = "onnx13_from_torch_legacy"
    environment = "torch"
    source = "torch"
    target = "onnx13"
    on_demand = True
    operators_from = "nodes of the exported model"

    def convert(self, artifact: Artifact) -> Artifact:
        import onnx
        import torch

        calls = load_file(SUPPORT / "torch_calls.py")
        custom = load_file(SUPPORT / "custom_operator.py")
        newer = load_file(NEWER)
        custom.register_in_legacy_exporter(OPSET)
        file = io.BytesIO()
        try:
            with calls.without_warnings(DeprecationWarning, *newer.DEPRECATED):
                torch.onnx.export(
                    artifact.model,
                    calls.example_tensors(artifact),
                    file,
                    dynamo=False,
                    opset_version=OPSET,
                    input_names=[spec.name for spec in artifact.inputs],
                    output_names=list(artifact.outputs),
                    dynamic_axes=calls.named_axes(artifact),
                    custom_opsets={custom.NAMESPACE: custom.DOMAIN_VERSION},
                )
        except (RuntimeError, AssertionError) as error:
            if not newer._is_refusal(error, by_tracer=calls.COMPILES_ITSELF):
                raise
            raise Unsupported(f"torch.onnx.export(dynamo=False, opset_version={OPSET}): {error}") from error
        model = onnx.load_from_string(file.getvalue())
        check = load_file(SUPPORT / "exported_onnx.py").checked
        return artifact.converted(
            self.target, check(model, artifact, exporter="torch.onnx.export(dynamo=False)", opset=OPSET)
        )


COMPONENT = Onnx13FromTorchLegacy()
