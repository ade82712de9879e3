"""What OpenVINO would fold beyond its memory is refused, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[2] / "converters" / "support"
refuse = load_file(SUPPORT / "openvino_empty.py").refuse_broadcast_of_nothing


@dataclass(frozen=True)
class Shape:
    is_dynamic: bool


@dataclass(frozen=True)
class Operator:
    """An operator with one output, which is its own port; a shape of None is one that is not known."""

    kind: str
    name: str
    shape: tuple[int, ...] | None
    sources: tuple[Operator, ...] = ()

    def get_type_name(self) -> str:
        return self.kind

    def get_friendly_name(self) -> str:
        return self.name

    def get_node(self) -> Operator:
        return self

    def get_shape(self) -> tuple[int, ...]:
        assert self.shape is not None
        return self.shape

    def get_partial_shape(self) -> Shape:
        return Shape(self.shape is None)

    def outputs(self) -> list[Operator]:
        return [self]

    def input_values(self) -> list[Operator]:
        return list(self.sources)


def graph(kind: str, size: int | None, *, joined: str = "Concat", other: tuple[int, ...] = (1, 4, 4)) -> list[Operator]:
    """Return x, a concatenation of it, and an operator of that and a constant."""
    x = Operator("Parameter", "x", None if size is None else (size, 4, 2))
    whole = None if size is None else (size, 4, 4)
    both = Operator(joined, "both", whole, (x, x))
    constant = Operator("Constant", "constant", other)
    return [x, both, constant, Operator(kind, "y", whole, (both, constant))]


@pytest.mark.parametrize("kind", ["Multiply", "Add", "Greater"])
def test_fold_of_a_broadcast_of_nothing_is_refused(kind: str) -> None:
    with pytest.raises(RuntimeError, match=rf"folding {kind} of \[\(0, 4, 4\), \(1, 4, 4\)\]"):
        refuse(graph(kind, 0))


@pytest.mark.parametrize(
    "operators",
    [
        graph("Multiply", 1),
        graph("Multiply", None),
        graph("Multiply", 0, joined="Multiply"),
        graph("Multiply", 0, other=(0, 4, 4)),
        graph("MatMul", 0),
    ],
    ids=["with rows", "open batch", "nothing folded", "no broadcast", "not elementwise"],
)
def test_nothing_else_is_refused(operators: list[Operator]) -> None:
    refuse(operators)
