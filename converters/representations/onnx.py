"""An ONNX model, kept as one .onnx file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.onnx"
DEFAULT_DOMAINS = frozenset(("", "ai.onnx"))
# A Constant node is a value and no operator: one exporter writes constants as nodes, the other as initialisers, and
# ONNX Runtime makes initialisers of all of them even where it is told to optimise nothing.
VALUE = "Constant"


class Onnx:
    name = "onnx"
    title = "ONNX"

    def save(self, model: Any, folder: Path) -> None:
        (folder / FILE).write_bytes(model.SerializeToString())

    def load(self, folder: Path) -> Any:
        import onnx

        return onnx.load(folder / FILE)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each operator the model has, branches and bodies of loops once each.

        A call of a function that the model defines is counted as the operators of its body. Names outside the
        default domain carry theirs: "com.microsoft::FusedMatMul". Constant is not counted.
        """
        functions = {(function.domain, function.name): function.node for function in artifact.model.functions}
        return dict(_count(artifact.model.graph.node, functions))

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "onnx_families.py").family(operator)
        return family


def _count(nodes: Iterable[Any], functions: Mapping[tuple[str, str], Iterable[Any]]) -> Counter[str]:
    counter: Counter[str] = Counter()
    for node in nodes:
        body = functions.get((node.domain, node.op_type))
        if body is not None:
            counter += _count(body, functions)
        elif node.domain not in DEFAULT_DOMAINS:
            counter[f"{node.domain}::{node.op_type}"] += 1
        elif node.op_type != VALUE:
            counter[node.op_type] += 1
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                counter += _count(graph.node, functions)
    return counter


REPRESENTATION = Onnx()
