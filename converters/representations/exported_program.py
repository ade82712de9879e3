"""torch.export's ExportedProgram: a graph of ATen operators, kept as a .pt2 file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.pt2"


class ExportedProgram:
    name = "exported_program"
    title = "ExportedProgram"

    def save(self, model: Any, folder: Path) -> None:
        import torch

        torch.export.save(model, folder / FILE)

    def load(self, folder: Path) -> Any:
        import torch

        load_file(SUPPORT / "custom_operator.py").register_in_torch()
        return torch.export.load(folder / FILE)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many calls of each operator the graph has, branches of cond and bodies of loops included.

        Overloads are counted together: "aten.add". Python functions go by module and name: "_operator.getitem".
        """
        import torch

        name = load_file(SUPPORT / "aten_families.py").operator_name
        counter: Counter[str] = Counter()
        for module in artifact.model.graph_module.modules():
            if isinstance(module, torch.fx.GraphModule):
                counter.update(name(node.target) for node in module.graph.nodes if node.op == "call_function")
        return dict(counter)

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "aten_families.py").family(operator)
        return family


REPRESENTATION = ExportedProgram()
