"""TorchScript to ncnn, by pnnx: with weights in float32, and in half precision, as they are by default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.pt"


@dataclass(frozen=True)
class NcnnFromTorchScript:
    name: str
    flags: tuple[str, ...]
    environment: str = "pnnx"
    source: str = "torchscript"
    target: str = "ncnn"
    on_demand: bool = True
    operators_from: str = "layers of the .param file"

    def convert(self, artifact: Artifact) -> Artifact:
        def write(file: Path) -> None:
            representation = load_file(Path(__file__).parents[1] / "representations" / "torchscript.py")
            representation.REPRESENTATION.save(artifact.model, file.parent)

        support = load_file(SUPPORT / "pnnx_converter.py")
        return artifact.converted(self.target, support.converted(artifact, file=FILE, write=write, flags=self.flags))


COMPONENTS = (
    NcnnFromTorchScript("ncnn_from_torchscript", flags=("fp16=0",)),
    NcnnFromTorchScript("ncnn_from_torchscript_default", flags=()),
)
