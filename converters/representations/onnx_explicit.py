"""ONNX in which nothing is left to a default: every attribute is written out, and every name is a plain word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

ONNX = Path(__file__).with_name("onnx.py")


class OnnxExplicit:
    name = "onnx_explicit"
    title = "ONNX, defaults written out"

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


REPRESENTATION = OnnxExplicit()
