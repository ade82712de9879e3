"""A Paddle program with its parameters, kept as Paddle keeps it: model.pdmodel and model.pdiparams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
PROGRAM, PARAMETERS, NAMES = "model.pdmodel", "model.pdiparams", "names.json"


class Paddle:
    name = "paddle"
    title = "Paddle program"

    def save(self, model: Any, folder: Path) -> None:
        (folder / PROGRAM).write_bytes(model.program)
        (folder / PARAMETERS).write_bytes(model.parameters)
        names = {"feeds": dict(model.feeds), "outputs": model.outputs}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "paddle_model.py").PaddleModel(
            program=(folder / PROGRAM).read_bytes(),
            parameters=(folder / PARAMETERS).read_bytes(),
            feeds=names["feeds"],
            outputs=tuple(names["outputs"]),
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        counts: Mapping[str, int] = load_file(SUPPORT / "paddle_model.py").operators(artifact.model.program)
        return counts

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "paddle_families.py").family(operator)
        return family


REPRESENTATION = Paddle()
