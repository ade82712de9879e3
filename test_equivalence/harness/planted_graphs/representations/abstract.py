"""A graph as JSON, before it is written in any representation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family

SPEC = "spec.json"


class Abstract:
    name = "abstract"
    title = "an abstract graph"

    def save(self, model: Any, folder: Path) -> None:
        (folder / SPEC).write_text(json.dumps(model), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        return json.loads((folder / SPEC).read_text(encoding="utf-8"))

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        return {}

    def family(self, operator: str) -> Family | None:
        return None


REPRESENTATION = Abstract()
