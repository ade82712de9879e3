"""The graph of a torch.export program: branches of cond and bodies of loops stand within the call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Operator
from nnparity.loading import load_file

FAMILIES = Path(__file__).parents[1] / "support" / "aten_families.py"


class ExportedProgramDrawing:
    representation = "exported_program"

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        given = artifact.model.graph_signature.user_inputs
        same = dict(zip(given, (spec.name for spec in artifact.inputs), strict=True))
        drawn: list[Operator] = []
        _draw(artifact.model.graph_module, drawn, same, within=-1)
        return drawn


def _draw(module: Any, drawn: list[Operator], same: dict[str, str], *, within: int) -> None:
    name_of = load_file(FAMILIES).operator_name
    inside = "" if within < 0 else f"{within}/"  # every graph names its nodes by itself
    for node in module.graph.nodes:
        if node.op != "call_function":
            continue
        place = len(drawn)
        drawn.append(
            Operator(
                name=name_of(node.target),
                takes=tuple(same.get(one.name, inside + one.name) for one in node.all_input_nodes),
                gives=(inside + node.name,),
                shapes=(_shape(node.meta.get("val")),),
                within=within,
            )
        )
        for one in node.all_input_nodes:
            body = getattr(module, str(one.target), None) if one.op == "get_attr" else None
            if hasattr(body, "graph"):
                _draw(body, drawn, {}, within=place)


def _shape(value: Any) -> str:
    if not hasattr(value, "shape"):
        return ""
    return f"{'x'.join(map(str, value.shape))} {str(value.dtype).removeprefix('torch.')}".strip()


DRAWING = ExportedProgramDrawing()
