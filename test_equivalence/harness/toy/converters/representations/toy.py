"""The toy framework's own model: a Python object with a factor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import build_root


class Toy:
    name = "toy"
    title = "Toy"
    eager = "toy_eager"

    def save(self, model: Any, folder: Path) -> None:
        raise TypeError("a root is built from its recipe, and never saved")

    def load(self, folder: Path) -> Any:
        return build_root(folder, self.name)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        return {"scale": 1}

    def family(self, operator: str) -> Family | None:
        return Family.ELEMENTWISE if operator == "scale" else None


REPRESENTATION = Toy()
