"""The graph of a Relay module: each call of an operator, and what its arguments are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnparity.contracts import Artifact, Operator


class RelayDrawing:
    representation = "relay"

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        from tvm import relay

        module = relay.transform.InferType()(artifact.model.module)
        same = {variable: name for name, variable in artifact.model.inputs.items()}
        drawn: list[Operator] = []
        for function in module.functions.values():
            _draw(function, drawn, same)
        return drawn


def _draw(function: Any, drawn: list[Operator], same: dict[str, str]) -> None:
    import tvm
    from tvm import relay

    sources: dict[int, tuple[str, ...]] = {}  # by the place of a node in memory: none goes while the function is held

    def of(*nodes: Any) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for node in nodes for name in sources.get(_key(node), ())))

    def visit(node: Any) -> None:
        name, takes = "", ()
        if isinstance(node, relay.Var):
            sources[_key(node)] = (same.get(node.name_hint, node.name_hint),)
        elif isinstance(node, relay.Tuple):
            sources[_key(node)] = of(*node.fields)
        elif isinstance(node, relay.TupleGetItem):
            sources[_key(node)] = of(node.tuple_value)
        elif isinstance(node, relay.Let):
            sources[_key(node.var)] = of(node.value)
            sources[_key(node)] = of(node.body)
        elif isinstance(node, relay.If):
            name, takes = "If", of(node.cond, node.true_branch, node.false_branch)
        elif isinstance(node, relay.Match):
            name, takes = "Match", of(node.data, *(clause.rhs for clause in node.clauses))
        elif isinstance(node, relay.Call):
            plain = isinstance(node.op, tvm.ir.Op)
            other = "constructor" if isinstance(node.op, relay.adt.Constructor) else "call"
            name, takes = (node.op.name if plain else other), of(*node.args)
        if name:
            gives = f"%{len(drawn)}"
            drawn.append(Operator(name, takes, (gives,), (_shape(node),)))
            sources[_key(node)] = (gives,)

    relay.analysis.post_order_visit(function, visit)


def _key(node: Any) -> int:
    return int(node.handle.value) if hasattr(node.handle, "value") else hash(node.handle)


def _shape(node: Any) -> str:
    kind = node.checked_type
    sizes = getattr(kind, "shape", None)
    return f"{'x'.join(map(str, sizes))} {kind.dtype}".strip() if sizes is not None else ""


DRAWING = RelayDrawing()
