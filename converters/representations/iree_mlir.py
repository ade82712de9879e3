"""What IREE imports: one function of ONNX operators in MLIR's torch dialect, as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.mlir"
OPERATOR = re.compile(r'torch\.operator "onnx\.([\w.]+)"')
VALUE = "Constant"


class IreeMlir:
    name = "iree_mlir"
    title = "MLIR of ONNX"

    def save(self, model: str, folder: Path) -> None:
        (folder / FILE).write_text(model, encoding="utf-8")

    def load(self, folder: Path) -> str:
        return (folder / FILE).read_text(encoding="utf-8")

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each ONNX operator there are, as ONNX counts them: Constant is none.

        The importer drops the domain of a custom operator; it is put back.
        """
        custom = load_file(SUPPORT / "custom_operator.py")
        own = {operator.symbol: f"{custom.NAMESPACE}::{operator.symbol}" for operator in custom.operators()}
        counts = Counter(own.get(name, name) for name in OPERATOR.findall(artifact.model))
        del counts[VALUE]
        return dict(counts)

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "onnx_families.py").family(operator)
        return family


REPRESENTATION = IreeMlir()
