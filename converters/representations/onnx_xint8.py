"""An ONNX model quantised for Vitis AI: 8-bit integers, every scale a power of two."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

FLOAT = Path(__file__).parent / "onnx.py"


class OnnxXint8:
    name = "onnx_xint8"
    title = "Vitis AI (XINT8 in ONNX)"
    meaning = "vitis_ai_xint8_unoptimized"

    def save(self, model: Any, folder: Path) -> None:
        load_file(FLOAT).REPRESENTATION.save(model, folder)

    def load(self, folder: Path) -> Any:
        return load_file(FLOAT).REPRESENTATION.load(folder)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each operator the model has, as for any ONNX model."""
        counts: Mapping[str, int] = load_file(FLOAT).REPRESENTATION.count(artifact)
        return counts

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(FLOAT).REPRESENTATION.family(operator)
        return family


REPRESENTATION = OnnxXint8()
