"""TVM's compiler for CPUs and Relax's virtual machine, by its default pipeline."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.dtypes import BFLOAT16
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
TARGET = "llvm"
CALLED = re.compile(r"^ +call +(\S+) +in:", re.MULTILINE)
BRANCH = re.compile(r"^ +if ", re.MULTILINE)
FUNCTION = re.compile(r"^@(\S+):", re.MULTILINE)
# Functions of the machine itself: memory, shapes, tuples, and a reshape that shares its argument's memory.
BUILTIN = "vm.builtin."
SORTS = ("relax.sort", "relax.argsort", "relax.topk")
ASSERTION = "relax.assert_op"
# TVM's own words for a dtype that an operator has no kernel for; their class is InternalError.
NO_KERNEL = re.compile(
    r"\w+(: only support .+ for now| only applies to float)|Data type \S+ not supported for \w+ ops?\b"
)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    from tvm.error import InternalError

    try:
        yield
    except InternalError as problem:
        refusal = NO_KERNEL.search(str(problem))
        if refusal is None:
            raise
        raise Unsupported(f"TVM: {refusal[0]}") from problem


def _refuse_what_memory_decides(module: Any, *, takes_nothing: bool) -> None:
    """Raise RuntimeError if the module sorts bfloat16, or if it takes nothing and asserts something of all, or sums it.

    TVM's sort (contrib.sort, a library function) is told that bfloat16 is float32: it reads and writes twice the bytes.
    A reduction over no elements writes nothing, not even where it would begin.
    """
    import tvm
    from tvm import relax

    main = module["main"]

    def visit(node: Any) -> None:
        name = node.op.name if isinstance(node, relax.Call) and isinstance(node.op, tvm.ir.Op) else ""
        if name in SORTS and BFLOAT16 in str(node.args[0].ty.dtype):
            raise RuntimeError(f"{name} takes bfloat16 for float32 and would go beyond its memory")
        if name == ASSERTION and takes_nothing:
            raise RuntimeError(f"{name} of no elements would ask what nobody has written")
        if name and takes_nothing and _may_sum_nothing(node):
            raise RuntimeError(f"{name} of no elements may sum none of them, and give what nobody has written")

    relax.analysis.post_order_visit(main, visit)


def _may_sum_nothing(call: Any) -> bool:
    """Whether a product, which sums over axes that are not in its result, has an axis there of no or unknown size."""
    name = call.op.name
    if name == "relax.matmul":
        first, second = (list(operand.ty.shape or (None,)) for operand in call.args)
        return not (_size(first[-1]) or _size(second[-2 if len(second) > 1 else -1]))
    if name == "relax.call_tir" and call.args[0].name_hint.startswith("einsum"):
        given = [extent for operand in call.args[1].ty.fields for extent in operand.shape]
        return any(not _size(extent) and not any(extent.same_as(kept) for kept in call.ty.shape) for extent in given)
    return False


def _size(extent: Any) -> int | None:
    """Return the size of an axis, None if it is open."""
    return getattr(extent, "value", None)


class RelaxVm:
    name = "relax_vm"
    environment = "tvm_relax"
    accepts = ("relax",)
    compiles_to = "relax_executable"
    on_demand = True
    operators_from = "kernels that the program of the virtual machine calls"

    def compile(self, artifact: Artifact) -> Artifact:
        import tvm

        # The front end for ONNX takes a size of 0 for one that is not known, so the module does not say it.
        takes_nothing = any(0 in spec.shape for spec in artifact.inputs)
        _refuse_what_memory_decides(artifact.model.module, takes_nothing=takes_nothing)
        with _refusals():
            executable = tvm.compile(artifact.model.module, target=TARGET)
        support = load_file(SUPPORT / "relax_module.py")
        compiled = support.RelaxModule(module=executable, inputs=artifact.model.inputs, outputs=artifact.model.outputs)
        return artifact.converted("relax_executable", compiled).with_operators(_called(executable.as_text()))

    def load(self, artifact: Artifact) -> Session:
        return RelaxSession(artifact.model)


class RelaxSession:
    def __init__(self, model: Any) -> None:
        import tvm
        from tvm import relax

        self._main = relax.VirtualMachine(model.module, tvm.cpu())["main"]
        self._inputs = model.inputs
        self._outputs = model.outputs

    def run(self, inputs: Arrays) -> Arrays:
        import tvm

        results = self._main(*(tvm.runtime.tensor(np.ascontiguousarray(inputs[name])) for name in self._inputs))
        if isinstance(results, tvm.runtime.Tensor):
            results = [results]
        return {name: result.numpy() for name, result in zip(self._outputs, results, strict=True)}


def _called(program: str) -> Counter[str]:
    """Return how often each kernel is called in a program as text; another function of it is "call"."""
    name = load_file(SUPPORT / "relax_operators.py").kernel_name
    functions = set(FUNCTION.findall(program))
    symbols = [symbol for symbol in CALLED.findall(program) if not symbol.startswith(BUILTIN)]
    counter = Counter("call" if symbol in functions else name(symbol) for symbol in symbols)
    counter["If"] = len(BRANCH.findall(program))
    return +counter


COMPONENT = RelaxVm()
