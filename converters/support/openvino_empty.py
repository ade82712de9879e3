"""What OpenVINO folds into constants where a tensor has no elements, and the one fold that must not run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

ELEMENTWISE = frozenset((
    "Add",
    "Divide",
    "Equal",
    "FloorMod",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
    "LogicalAnd",
    "LogicalOr",
    "LogicalXor",
    "Maximum",
    "Minimum",
    "Mod",
    "Multiply",
    "NotEqual",
    "Power",
    "SquaredDifference",
    "Subtract",
))


def refuse_broadcast_of_nothing(operators: Iterable[Any]) -> None:
    """Raise RuntimeError if OpenVINO would fold an elementwise operator that broadcasts a tensor without elements.

    openvino 2026.4.1 makes a constant of a concatenation without elements, folds what follows from constants alone, and
    then writes beyond the memory of a result that has no elements, of 3 or more axes: whatever the process does next
    may die of it. This makes it one failure. operators: in the order of a topological sort.
    """
    constants: set[str] = set()
    for operator in operators:
        name, kind = operator.get_friendly_name(), operator.get_type_name()
        ports = operator.input_values()
        if any(port.get_partial_shape().is_dynamic for port in (*ports, *operator.outputs())):
            continue
        nothing = any(0 in port.get_shape() for port in operator.outputs())
        from_constants = bool(ports) and all(port.get_node().get_friendly_name() in constants for port in ports)
        if kind == "Constant" or from_constants or (kind == "Concat" and nothing):
            constants.add(name)
        shapes = {tuple(port.get_shape()) for port in ports}
        if kind in ELEMENTWISE and from_constants and nothing and len(shapes) > 1:
            raise RuntimeError(f"folding {kind} of {sorted(shapes)} into a constant would write beyond its memory")
