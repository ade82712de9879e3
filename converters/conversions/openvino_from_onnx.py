"""ONNX to OpenVINO's representation, node by node, and with the fusions that its converter makes on the way."""

from __future__ import annotations

import io
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class OpenVinoFromOnnx:
    environment = "openvino"
    source = "onnx"
    target = "openvino_ir"

    def __init__(self, name: str, *, fused: bool, on_demand: bool) -> None:
        self.name = name
        self.on_demand = on_demand
        self.operators_from = f"operators of the model that {'convert_model' if fused else 'read_model'} returns"
        self._fused = fused

    def convert(self, artifact: Artifact) -> Artifact:
        support = load_file(SUPPORT / "openvino_model.py")
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        model = io.BytesIO(artifact.model.SerializeToString())
        with support.declared():
            read = openvino.convert_model(model) if self._fused else openvino.Core().read_model(model)
        converted: Artifact = support.converted(artifact, read)
        return converted


COMPONENTS = (
    OpenVinoFromOnnx("openvino_from_onnx", fused=True, on_demand=False),
    OpenVinoFromOnnx("openvino_from_onnx_unfused", fused=False, on_demand=True),
)
