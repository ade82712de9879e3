"""What TVM 0.19 must not run: kernels that write beyond their memory, of which the next calls of the process die."""

from __future__ import annotations

from typing import Any

AFTER_LOWERING = 3
SORTS = ("sort", "argsort", "topk")


def passes(module: Any) -> list[tuple[int, Any]]:
    """Return what tir.add_lower_pass takes for this module. Raises RuntimeError if it sorts bfloat16.

    TVM's sort (contrib.sort, a library function) is told that bfloat16 is float32: it reads and writes twice the bytes.
    """
    operator = _sorting_bfloat16(module)
    if operator:
        raise RuntimeError(f"{operator} takes bfloat16 for float32 and would write beyond its memory")
    return [(AFTER_LOWERING, _refusing_to_write_nowhere())] if _takes_nothing(module) else []


def _sorting_bfloat16(module: Any) -> str:
    from tvm import relay

    found: list[str] = []

    def visit(node: Any) -> None:
        sorts = isinstance(node, relay.Call) and getattr(node.op, "name", "") in SORTS
        if sorts and node.args[0].checked_type.dtype == "bfloat16":
            found.append(node.op.name)

    relay.analysis.post_order_visit(relay.transform.InferType()(module)["main"], visit)
    return next(iter(found), "")


def _takes_nothing(module: Any) -> bool:
    """Whether an argument of the module has no elements."""
    types = [variable.type_annotation for variable in module["main"].params]
    return any(0 in map(_size, kind.shape) for kind in types if hasattr(kind, "shape"))


def _size(extent: Any) -> int | None:
    """Return the size of an axis, None if it depends on values."""
    return getattr(extent, "value", None)


def _refusing_to_write_nowhere() -> Any:
    """Return a pass that raises RuntimeError for a kernel that writes into a tensor without elements.

    The concatenation for x86 (topi/x86/concat.py) copies one row where there is none.
    """
    import tvm

    def refuse(kernel: Any, module: Any, context: Any) -> Any:
        def visit(node: Any) -> None:
            if isinstance(node, tvm.tir.BufferStore) and 0 in map(_size, node.buffer.shape):
                name = str(kernel.attrs["global_symbol"])
                raise RuntimeError(f"the kernel {name} writes into {node.buffer.name}, which has no elements")

        tvm.tir.stmt_functor.post_order_visit(kernel.body, visit)
        return kernel

    return tvm.tir.transform.prim_func_pass(refuse, opt_level=0)
