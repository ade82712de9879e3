"""The graph of a TorchScript module: submodules are put in place, blocks of If and Loop stand within it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Operator
from nnparity.loading import load_file

REPRESENTATION = Path(__file__).parents[1] / "representations" / "torchscript.py"


class TorchScriptDrawing:
    representation = "torchscript"

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        graph = artifact.model.inlined_graph
        given = [value.debugName() for value in graph.inputs()][1:]  # the first is the module itself
        same = dict(zip(given, (spec.name for spec in artifact.inputs), strict=True))
        drawn: list[Operator] = []
        sources: dict[str, tuple[str, ...]] = {}
        _draw(graph.nodes(), drawn, same, sources, within=-1)
        return drawn


def _draw(
    nodes: Iterable[Any],
    drawn: list[Operator],
    same: dict[str, str],
    sources: dict[str, tuple[str, ...]],
    *,
    within: int,
) -> None:
    """Append the nodes' operators. sources: what the values that only pack or fetch others are made of."""
    values = load_file(REPRESENTATION).VALUES
    for node in nodes:
        names = (same.get(value.debugName(), value.debugName()) for value in node.inputs())
        takes = tuple(dict.fromkeys(one for name in names for one in sources.get(name, (name,))))
        if node.kind() in values:
            sources.update({value.debugName(): takes for value in node.outputs()})
            continue
        place = len(drawn)
        outputs = list(node.outputs())
        drawn.append(
            Operator(
                name=node.kind(),
                takes=takes,
                gives=tuple(value.debugName() for value in outputs),
                shapes=tuple(_shape(value) for value in outputs),
                within=within,
            )
        )
        for block in node.blocks():
            _draw(block.nodes(), drawn, same, sources, within=place)


def _shape(value: Any) -> str:
    kind = value.type()
    if kind.kind() != "TensorType":
        return ""
    sizes, dtype = kind.sizes(), kind.scalarType()
    return " ".join(filter(None, ("x".join(map(str, sizes)) if sizes else "", (dtype or "").lower())))


DRAWING = TorchScriptDrawing()
