"""Names in an ONNX model made plain words: letters, digits and underscores, no two alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

UNFIT = re.compile(r"[^0-9A-Za-z_]")
Renamed = Callable[[str], str]


def plain(names: Iterable[str], kept: Collection[str] = ()) -> dict[str, str]:
    """Return a plain name for each; those that are plain, and those in `kept`, stay, and no two become one."""
    known = dict.fromkeys(name for name in names if name)
    given = {name: name for name in known if name in kept or not UNFIT.search(name)}
    taken = set(given)
    for name in known:
        if name not in given:
            given[name] = _free(UNFIT.sub("_", name), taken)
            taken.add(given[name])
    return given


def _free(name: str, taken: Collection[str]) -> str:
    number = 2
    chosen = name
    while chosen in taken:
        chosen = f"{name}_{number}"
        number += 1
    return chosen


def rename(model: Any) -> None:
    """Give the model's values and nodes plain names, in graphs, subgraphs and functions; its inputs and outputs stay.

    One table holds for the whole model: what is visible from where stays as it was.
    """
    interface = {value.name for value in (*model.graph.input, *model.graph.output)}
    scopes = (model.graph, *model.functions)
    seen: list[str] = []

    def note(name: str) -> str:
        seen.append(name)
        return name

    for scope in scopes:
        _each_value(scope, note)
    names = plain(seen, kept=interface)
    for scope in scopes:
        _each_value(scope, lambda name: names.get(name, name))
    nodes = [node for scope in scopes for node in nodes_of(scope.node)]
    called = plain(node.name for node in nodes)
    for node in nodes:
        node.name = called.get(node.name, node.name)


def nodes_of(nodes: Iterable[Any]) -> Iterator[Any]:
    """Yield the nodes and those of their subgraphs."""
    for node in nodes:
        yield node
        for graph in graphs_of(node):
            yield from nodes_of(graph.node)


def graphs_of(node: Any) -> Iterator[Any]:
    """Yield the subgraphs of a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _each_value(scope: Any, renamed: Renamed) -> None:
    """Replace the name of every value in a graph or function, and below it, by what `renamed` says."""
    for kind in ("input", "output"):
        _each_in_list(getattr(scope, kind), renamed)
    _each_in_list(scope.value_info, renamed)
    _each_in_list(getattr(scope, "initializer", ()), renamed)
    for sparse in getattr(scope, "sparse_initializer", ()):
        sparse.values.name = renamed(sparse.values.name)
    for annotation in getattr(scope, "quantization_annotation", ()):
        annotation.tensor_name = renamed(annotation.tensor_name)
        for entry in annotation.quant_parameter_tensor_names:
            entry.value = renamed(entry.value)
    for node in scope.node:
        _each_in_list(node.input, renamed)
        _each_in_list(node.output, renamed)
        for graph in graphs_of(node):
            _each_value(graph, renamed)


def _each_in_list(values: Any, renamed: Renamed) -> None:
    """Rename a list of names, as a node's inputs are, or of things that have one."""
    for place, value in enumerate(values):
        if isinstance(value, str):
            values[place] = renamed(value)
        else:
            value.name = renamed(value.name)
