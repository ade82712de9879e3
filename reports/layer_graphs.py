"""What one layer becomes in every representation, drawn as a graph; the table beside a drawing says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from nnparity.facts import Facts
from nnparity.op_counts import STYLES, UNCLAIMED
from nnparity.pages import Recorded, Section


@dataclass(frozen=True)
class Node:
    """An input, or an operator. takes: places of the nodes it takes values from. within: the node it is part of."""

    place: int
    name: str
    family: str
    style: str
    shapes: str
    takes: tuple[int, ...]
    within: int


@dataclass(frozen=True)
class Graph:
    """count: of operators. nodes: none for a graph that is too large to draw, or differs between merged runs."""

    chain: tuple[str, ...]
    title: str
    count: int
    nodes: tuple[Node, ...]
    differs: bool = False


def context(recorded: Recorded) -> Mapping[str, object]:
    graphs = recorded.facts.graphs.get(recorded.about, {})
    read = [_read(tuple(chain.split(">")), text, recorded.facts) for chain, text in sorted(graphs.items())]
    used = {node.family for graph in read for node in graph.nodes if node.family}
    return {
        "graphs": read,
        "legend": [{"name": name, "style": STYLES[name]} for name in STYLES if name in used],
    }


def _read(chain: tuple[str, ...], text: str, facts: Facts) -> Graph:
    title = facts.title(chain[-1])
    try:
        graph = json.loads(text)
        operators = graph["operators"]
        if isinstance(operators, int):
            return Graph(chain, title, operators, ())
        families = facts.families.get(facts.step(chain[-1]).representation, {})
        inputs = tuple(Node(place, str(name), "", "", "", (), -1) for place, name in enumerate(graph["inputs"]))
        nodes = tuple(
            _node(len(inputs) + place, operator, families, len(inputs)) for place, operator in enumerate(operators)
        )
    except (ValueError, KeyError, TypeError):
        return Graph(chain, title, 0, (), differs=True)
    return Graph(chain, title, len(nodes), inputs + nodes)


def _node(place: int, operator: tuple[str, str, list[int], int], families: Mapping[str, str], inputs: int) -> Node:
    name, shapes, takes, within = operator
    family = families.get(name, UNCLAIMED)
    style = STYLES.get(family, STYLES[UNCLAIMED])
    inside = inputs + within if within >= 0 else -1
    return Node(place, str(name), family, style, str(shapes), tuple(map(int, takes)), inside)


SECTION = Section(
    name="graphs",
    order=18,
    title="As a graph",
    context=context,
    html="layer_graphs.html.jinja",
    markdown="",
    pages=("layer",),
)
