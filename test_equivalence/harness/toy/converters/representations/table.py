"""A model as a table of numbers, kept as one .npz file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, Family
from nnparity.dtypes import read_back

FILE = "table.npz"


class Table:
    name = "table"
    title = "Table"

    def save(self, model: Any, folder: Path) -> None:
        with open(folder / FILE, "wb") as file:
            np.savez(file, factor=model["factor"])

    def load(self, folder: Path) -> Any:
        with np.load(folder / FILE) as archive:
            return {"factor": read_back(archive["factor"])}

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        return {"Mul": 1}

    def family(self, operator: str) -> Family | None:
        return Family.ELEMENTWISE if operator == "Mul" else None


REPRESENTATION = Table()
