"""The graph of one trace of a TensorFlow function: the bodies of the functions it calls stand within the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Operator
from nnparity.loading import load_file

TRACE = Path(__file__).parents[1] / "support" / "tensorflow_function.py"
REPRESENTATION = Path(__file__).parents[1] / "representations" / "tensorflow.py"


class TensorFlowDrawing:
    representation = "tensorflow"

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        graph = load_file(TRACE).traced(artifact).graph
        definition = graph.as_graph_def()
        library = {function.signature.name: function.node_def for function in definition.library.function}
        shapes = {operation.name: tuple(map(_shape, operation.outputs)) for operation in graph.get_operations()}
        drawn: list[Operator] = []
        _draw(definition.node, library, drawn, shapes, within=-1)
        return drawn


def _draw(
    nodes: Sequence[Any],
    library: Mapping[str, Sequence[Any]],
    drawn: list[Operator],
    shapes: Mapping[str, tuple[str, ...]],
    *,
    within: int,
) -> None:
    """Append the nodes' operators; a call that only stands for a function's body is the body."""
    known = load_file(REPRESENTATION)
    inside = "" if within < 0 else f"{within}/"
    passed: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        names = (one.lstrip("^").partition(":")[0] for one in node.input)
        takes = tuple(dict.fromkeys(value for name in names for value in passed.get(name, (inside + name,))))
        bodies = list(known.bodies(node))
        place = within
        if node.op in known.BOOKKEEPING:
            if node.input:  # an Identity hands on what it is given
                passed[node.name] = takes
        elif node.op not in library:
            place = len(drawn)
            gives = (inside + node.name,)
            drawn.append(Operator(node.op, takes, gives, shapes.get(node.name, ()) if not inside else (), within))
        else:
            bodies = [node.op, *bodies]
            passed[node.name] = takes
        for body in bodies:
            _draw(library[body], library, drawn, shapes, within=place)


def _shape(tensor: Any) -> str:
    sizes = tensor.shape.as_list() if tensor.shape.rank is not None else []
    return f"{'x'.join('?' if size is None else str(size) for size in sizes)} {tensor.dtype.name}".strip()


DRAWING = TensorFlowDrawing()
