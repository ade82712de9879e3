"""Qualcomm's Deep Learning Container, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.dlc"


class Dlc:
    name = "dlc"
    title = "DLC"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: no reader of the file is at hand, only who writes it knows its operators."""
        raise TypeError("counting a dlc: what writes it knows its operators; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "qnn_operators.py").FAMILIES.get(operator)
        return family


REPRESENTATION = Dlc()
