"""ONNX to ncnn, by pnnx, with weights in float32."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class NcnnFromOnnx:
    name = "ncnn_from_onnx"
    environment = "pnnx"
    source = "onnx"
    target = "ncnn"
    on_demand = True
    operators_from = "layers of the .param file"

    def convert(self, artifact: Artifact) -> Artifact:
        def write(file: Path) -> None:
            file.write_bytes(artifact.model.SerializeToString())

        support = load_file(SUPPORT / "pnnx_converter.py")
        model = support.converted(artifact, file="model.onnx", write=write, flags=("fp16=0",))
        return artifact.converted(self.target, model)


COMPONENT = NcnnFromOnnx()
