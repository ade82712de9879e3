"""A TensorRT engine, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.engine"


class TensorRtEngine:
    name = "tensorrt_engine"
    title = "TensorRT engine"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: without a GPU nothing reads the file, only who builds it knows its layers."""
        raise TypeError(
            "counting a tensorrt_engine: the runtime that builds it knows; let it return with_operators(...)"
        )

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "tensorrt_layers.py").family(operator)
        return family


REPRESENTATION = TensorRtEngine()
