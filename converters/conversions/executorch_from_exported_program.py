"""An ExportedProgram to ExecuTorch, for its own kernels and for its XNNPACK backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnparity.contracts import Artifact, Unsupported

# Memory is planned for the greatest size of an open axis. An axis without one is given that of the example in the
# program, and larger inputs are refused; so ExecuTorch's users give a greatest size, and so does this.
GREATEST_SIZE = 64
# ExecuTorch's words for an operator without a kernel, and for a size of 0 that is not the last one.
DECLINED = ("Missing out variants", "0 in strides is not supported for ExecuTorch")


class ExecuTorchFromExportedProgram:
    environment = "executorch"
    source = "exported_program"
    target = "executorch"
    on_demand = True
    operators_from = "kernel, delegate and jump instructions of the program"

    def __init__(self, name: str, *, xnnpack: bool) -> None:
        self.name = name
        self._xnnpack = xnnpack

    def convert(self, artifact: Artifact) -> Artifact:
        from executorch.exir import to_edge_transform_and_lower

        _bound_open_axes(artifact.model)
        with _refusals():
            edge = to_edge_transform_and_lower(artifact.model, partitioner=self._partitioner())
            program = edge.to_executorch()
        return artifact.converted(self.target, bytes(program.buffer))

    def _partitioner(self) -> list[Any]:
        if not self._xnnpack:
            return []
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

        return [XnnpackPartitioner()]


def _bound_open_axes(program: Any) -> None:
    import torch

    values = (node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder")
    for tensor in values:
        for size in tensor.shape if isinstance(tensor, torch.Tensor) else ():
            if isinstance(size, torch.SymInt) and size.node.expr.is_symbol:
                size.node.shape_env.constrain_symbol_range(size.node.expr, compiler_min=0, compiler_max=GREATEST_SIZE)


@contextmanager
def _refusals() -> Iterator[None]:
    """Re-raise as Unsupported what ExecuTorch says about operators and sizes that it does not handle."""
    from torch._export.verifier import SpecViolationError

    try:
        yield
    except SpecViolationError as refusal:
        raise Unsupported(f"ExecuTorch: {refusal}") from refusal
    except RuntimeError as refusal:
        if not any(words in str(refusal) for words in DECLINED):
            raise
        raise Unsupported(f"ExecuTorch: {refusal}") from refusal


COMPONENTS = (
    ExecuTorchFromExportedProgram("executorch_from_exported_program", xnnpack=False),
    ExecuTorchFromExportedProgram("executorch_from_exported_program_xnnpack", xnnpack=True),
)
