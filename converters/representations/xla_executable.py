"""A program compiled by XLA for this machine's processor, as its runtime serialises it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.bin"


class XlaExecutable:
    name = "xla_executable"
    title = "XLA executable"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: the instructions are in the optimised HLO, which only the compiler has to hand."""
        raise TypeError("counting an xla_executable: the runtime that compiles it knows; use with_operators(...)")

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "hlo.py").family(operator)
        return family


REPRESENTATION = XlaExecutable()
