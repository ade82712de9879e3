"""ONNX to MNN, by MNN's converter: with GELU as it is written, and as the converter has it by default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


@dataclass(frozen=True)
class MnnFromOnnx:
    name: str
    flags: tuple[str, ...]
    environment: str = "mnn"
    source: str = "onnx"
    target: str = "mnn"
    on_demand: bool = True
    operators_from: str = "operators of the .mnn file, by the converter's JSON of it"

    def convert(self, artifact: Artifact) -> Artifact:
        mnn = load_file(SUPPORT / "mnn_converter.py")
        content = mnn.converted(artifact.model.SerializeToString(), framework="ONNX", flags=self.flags)
        model = mnn.MnnModel(
            content,
            layout="NCHW",
            inputs={spec.name: spec.name for spec in artifact.inputs},
            outputs={name: name for name in artifact.outputs},
        )
        return artifact.converted(self.target, model)


COMPONENTS = (
    MnnFromOnnx("mnn_from_onnx", flags=("--useGeluApproximation", "0", "--alignDenormalizedValue", "0")),
    MnnFromOnnx("mnn_from_onnx_default", flags=()),
)
