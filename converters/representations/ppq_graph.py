"""The graph that PPQ makes of an ONNX model, kept as that model: PPQ makes it again in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.onnx"
# What PPQ puts in the place of ONNX's own operators.
OWN = {"PPQBiasFusedMatMul": Family.FUSED, "PPQDeviceSwitch": Family.LAYOUT}


class PpqGraph:
    name = "ppq_graph"
    title = "PPQ graph"

    def save(self, model: Any, folder: Path) -> None:
        (folder / FILE).write_bytes(model.SerializeToString())

    def load(self, folder: Path) -> Any:
        import onnx

        return onnx.load(folder / FILE)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: only PPQ knows what its passes leave."""
        raise TypeError("counting a ppq_graph: the runtime that makes it knows; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        """Return the family of an operator's name; PPQ drops the domain, so that a custom one may have any name."""
        if operator in OWN:
            return OWN[operator]
        custom = load_file(SUPPORT / "custom_operator.py")
        if any(operator == one.symbol for one in custom.operators()):
            return Family.CUSTOM
        family: Family | None = load_file(SUPPORT / "onnx_families.py").family(operator)
        return family


REPRESENTATION = PpqGraph()
