"""TorchScript: the graph that torch.jit.trace records, kept by torch.jit.save."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.pt"

# These nodes hold, fetch, pack or unpack values and compute nothing: what is an attribute, an initialiser or an
# argument list in other representations.
VALUES = frozenset((
    "prim::Constant",
    "prim::CreateObject",
    "prim::DictConstruct",
    "prim::GetAttr",
    "prim::ListConstruct",
    "prim::ListUnpack",
    "prim::SetAttr",
    "prim::TupleConstruct",
    "prim::TupleIndex",
    "prim::TupleUnpack",
))


class TorchScript:
    name = "torchscript"
    title = "TorchScript"

    def save(self, model: Any, folder: Path) -> None:
        import torch

        with load_file(SUPPORT / "torch_calls.py").without_torchscript_deprecation():
            torch.jit.save(model, folder / FILE)

    def load(self, folder: Path) -> Any:
        import torch

        with load_file(SUPPORT / "torch_calls.py").without_torchscript_deprecation():
            load_file(SUPPORT / "custom_operator.py").register_in_torch()
            return torch.jit.load(folder / FILE, map_location="cpu")

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many nodes of each kind the forward graph has, submodules inlined, blocks of If and Loop included.

        The nodes in VALUES are not operators and are not counted.
        """
        counter: Counter[str] = Counter()
        _count(artifact.model.inlined_graph.nodes(), counter)
        return dict(counter)

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "aten_families.py").family(operator)
        return family


def _count(nodes: Iterable[Any], counter: Counter[str]) -> None:
    for node in nodes:
        if node.kind() not in VALUES:
            counter[node.kind()] += 1
        for block in node.blocks():
            _count(block.nodes(), counter)


REPRESENTATION = TorchScript()
