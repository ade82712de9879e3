"""An ONNX model of opset 13, which is as new as readers without later releases know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

ONNX = Path(__file__).with_name("onnx.py")


class Onnx13:
    """Kept, counted and named as any other ONNX model; its opset is what its readers ask for."""

    name = "onnx13"
    title = "ONNX opset 13"

    def save(self, model: Any, folder: Path) -> None:
        load_file(ONNX).REPRESENTATION.save(model, folder)

    def load(self, folder: Path) -> Any:
        return load_file(ONNX).REPRESENTATION.load(folder)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        counts: Mapping[str, int] = load_file(ONNX).REPRESENTATION.count(artifact)
        return counts

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(ONNX).REPRESENTATION.family(operator)
        return family


REPRESENTATION = Onnx13()
