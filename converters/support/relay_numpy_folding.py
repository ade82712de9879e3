"""NumPy in place of LLVM for the constants that TVM's front ends compute while they import a model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from nnparity.dtypes import BFLOAT16, named
from nnparity.loading import load_file

OPERATORS = Path(__file__).with_name("relay_numpy_operators.py")


@contextlib.contextmanager
def folding() -> Iterator[None]:
    """Make TVM's front ends compute with NumPy what NumPy computes to the same bits.

    They fold the arithmetic on shapes behind a matrix product, a reshape or a slice one operator at a time, and
    TVM 0.19 compiles each with LLVM: a hundred times in one attention block. Here the calls in relay_numpy_operators.py
    are replaced by their values before TVM's own function sees them. That one still runs and has the last word, unless
    nothing is left but the value that was asked for. The modules are equal to those that the front ends make alone;
    harness/test_relay_numpy_folding.py holds both halves of the claim.
    """
    from tvm import relay
    from tvm.relay.frontend import common, onnx, pytorch, tflite

    fold, infer = common.fold_constant, common.infer_value
    folder = Folder()

    def fold_constant(node: Any, mod: Any = None) -> Any:
        return fold(folder.folded(node), mod)

    def infer_value(node: Any, params: Any, mod: Any = None) -> Any:
        folded = folder.folded(node)
        return folded.data if isinstance(folded, relay.Constant) else infer(node, params, mod)

    replacements = {fold: fold_constant, infer: infer_value}
    places = [
        (module, name, stock)
        for module in (common, onnx, pytorch, tflite)
        for name, stock in vars(module).items()
        if isinstance(stock, FunctionType) and stock in replacements
    ]
    for module, name, stock in places:
        setattr(module, name, replacements[stock])
    try:
        yield
    finally:
        for module, name, stock in places:
            setattr(module, name, stock)


class Folder:
    """Replaces calls by their values in one graph that grows from the inputs, and looks at each node once."""

    def __init__(self) -> None:
        self._operators = load_file(OPERATORS).OPERATORS
        # By address, and held on to so that no address is used again: nodes with nothing below them left to replace.
        self._settled: dict[int, Any] = {}

    def folded(self, root: Any) -> Any:
        """Return the expression with the values in place; the same object if there is none.

        Functions, branches and let-bindings are left alone: nothing inside them is looked at.
        """
        replaced: dict[int, Any] = {}
        pending = [(root, False)]
        while pending:
            node, children_done = pending.pop()
            address = node.handle.value
            if address in replaced or address in self._settled:
                continue
            children = _children(node)
            if not children_done:
                pending.append((node, True))
                pending.extend((child, False) for child in children)
                continue
            result = self._rewritten(node, children, [replaced.get(child.handle.value, child) for child in children])
            if result is node:
                self._settled[address] = node
            else:
                replaced[address] = result
        return replaced.get(root.handle.value, root)

    def _rewritten(self, node: Any, before: list[Any], after: list[Any]) -> Any:
        from tvm import ir, relay

        if isinstance(node, relay.Call) and isinstance(node.op, ir.Op) and node.op.name in self._operators:
            # TVM asks for the shape of the argument as it was before it was folded, so that it must be there by then.
            arguments = [_value(child) for child in (before if node.op.name == "shape_of" else after)]
            if arguments and all(argument is not None for argument in arguments):
                value = self._operators[node.op.name](node.attrs, *arguments)
                if value is not None:
                    return _constant(value)
        if isinstance(node, relay.TupleGetItem) and isinstance(after[0], relay.Tuple):
            return after[0].fields[node.index]
        if all(new is old for new, old in zip(after, before, strict=True)):
            return node
        # As TVM's own mutators do: a copy that differs in one field keeps the rest, type and span too. These take
        # every field by position, and None for "as it was".
        if isinstance(node, relay.Call):
            return relay.expr.CallWithFields(node, None, after, None, None, None, None)
        if isinstance(node, relay.Tuple):
            return relay.expr.TupleWithFields(node, after, None, None)
        return relay.expr.TupleGetItemWithFields(node, after[0], None, None, None)


def _children(node: Any) -> list[Any]:
    from tvm import relay

    if isinstance(node, relay.Call):
        return list(node.args)
    if isinstance(node, relay.Tuple):
        return list(node.fields)
    return [node.tuple_value] if isinstance(node, relay.TupleGetItem) else []


def _value(node: Any) -> Any:
    """Return a constant's array, the list of a tuple of constants, or None."""
    from tvm import relay

    if isinstance(node, relay.Constant):
        array = node.data.numpy()
        return array.view(named(BFLOAT16)) if node.data.dtype == BFLOAT16 else array  # TVM gives its bits as integers
    if isinstance(node, relay.Tuple):
        values = [_value(field) for field in node.fields]
        return None if any(value is None for value in values) else values
    return None


def _constant(value: np.ndarray | list[np.ndarray]) -> Any:
    import tvm
    from tvm import relay

    if isinstance(value, list):
        return relay.Tuple([_constant(field) for field in value])
    return relay.Constant(tvm.nd.array(value))
