"""Reads and computes small ONNX models without ONNX, whose import takes longer than all else that a stand-in does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
COMPUTED: Mapping[str, Callable[..., Any]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Neg": lambda a: -a,
    "Abs": abs,
    "Relu": lambda a: (abs(a) + a) / 2,
}


@dataclass(frozen=True)
class Value:
    name: str
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: int


@dataclass(frozen=True)
class Model:
    opset: int
    nodes: tuple[Node, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


def fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field of a protobuf message, in order."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = content[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(content):
        key = varint()
        kind = key & 7
        size = {FIXED64: 8, FIXED32: 4}.get(kind) or (0 if kind == VARINT else varint())
        value = varint() if kind == VARINT else content[place : place + size]
        place += size
        yield key >> 3, value


def all_of(content: bytes, *path: int) -> list[Any]:
    """Return the values of a field, or of a field of a field."""
    values: list[Any] = [content]
    for number in path:
        values = [value for one in values for found, value in fields(one) if found == number]
    return values


def model_of(content: bytes) -> Model:
    (graph,) = all_of(content, 7)
    nodes = [
        Node(
            operator=all_of(node, 4)[0].decode(),
            inputs=tuple(name.decode() for name in all_of(node, 1)),
            outputs=tuple(name.decode() for name in all_of(node, 2)),
            attributes=len(all_of(node, 5)),
        )
        for node in all_of(graph, 1)
    ]
    inputs, outputs = (
        tuple(Value(all_of(one, 1)[0].decode(), tuple(all_of(one, 2, 1, 2, 1, 1))) for one in all_of(graph, number))
        for number in (11, 12)
    )
    return Model(opset=all_of(content, 8, 2)[0], nodes=tuple(nodes), inputs=inputs, outputs=outputs)


def computed(model: Model, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs by name."""
    values = dict(inputs)
    for node in model.nodes:
        values[node.outputs[0]] = COMPUTED[node.operator](*(values[name] for name in node.inputs))
    return {value.name: values[value.name] for value in model.outputs}
