"""Qualcomm's QNN graphs, beside the ONNX model that the plugin makes them of whenever it is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.onnx"
NODES = "nodes.json"


class Qnn:
    name = "qnn"
    title = "QNN"

    def save(self, model: Any, folder: Path) -> None:
        (folder / FILE).write_bytes(model.onnx.SerializeToString())
        (folder / NODES).write_text(json.dumps(model.nodes, sort_keys=True), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        import onnx

        nodes = json.loads((folder / NODES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "qnn_session.py").QnnModel(onnx.load(folder / FILE), nodes)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many nodes of each type all graphs have."""
        counts: Mapping[str, int] = load_file(SUPPORT / "qnn_session.py").counts(artifact.model.nodes)
        return counts

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "qnn_operators.py").FAMILIES.get(operator)
        return family


REPRESENTATION = Qnn()
