"""ONNX to OpenVINO's representation, with the fusions that OpenVINO's converter makes on the way."""

from __future__ import annotations

import io
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class OpenVinoFromOnnx:
    name = "openvino_from_onnx"
    environment = "openvino"
    source = "onnx"
    target = "openvino_ir"
    operators_from = "operators of the model that convert_model returns"

    def convert(self, artifact: Artifact) -> Artifact:
        support = load_file(SUPPORT / "openvino_model.py")
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        with support.declared():
            model = openvino.convert_model(io.BytesIO(artifact.model.SerializeToString()))
        converted: Artifact = support.converted(artifact, model)
        return converted


COMPONENT = OpenVinoFromOnnx()
