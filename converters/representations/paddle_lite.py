"""A model as Paddle Lite's optimiser leaves it, kept as one .nb file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
BUFFER, NAMES = "model.nb", "names.json"


class PaddleLite:
    name = "paddle_lite"
    title = "Paddle Lite"

    def save(self, model: Any, folder: Path) -> None:
        (folder / BUFFER).write_bytes(model.buffer)
        names = {"feeds": dict(model.feeds), "outputs": model.outputs}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "paddle_model.py").PaddleLiteModel(
            buffer=(folder / BUFFER).read_bytes(),
            feeds=names["feeds"],
            outputs=tuple(names["outputs"]),
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: nothing reads the operators of an .nb file; the optimiser writes them beside it."""
        raise TypeError("counting a paddle_lite: the runtime that makes it knows; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "paddle_families.py").family(operator)
        return family


REPRESENTATION = PaddleLite()
