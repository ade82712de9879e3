"""An ExecuTorch program, as the bytes of a .pte file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.pte"
DELEGATES = ("XnnpackBackend",)
# What the runtime computes sizes with, and what a change of memory layout is.
PRIM_OPS = {
    Family.ELEMENTWISE: "add sub mul floordiv truediv mod neg eq ge gt le lt ceil round trunc sym_float",
    Family.LAYOUT: "et_view et_copy_index sym_size",
    Family.CONTROL_FLOW: "sym_max sym_min",
}
DIM_ORDER = {
    "dim_order_ops::_to_dim_order_copy": Family.CAST,
    "dim_order_ops::_clone_dim_order": Family.LAYOUT,
    "dim_order_ops::_empty_dim_order": Family.CONSTANT,
}
JUMP = "jump"
PLAIN = {f"executorch_prim::{name}": family for family, names in PRIM_OPS.items() for name in names.split()}
FAMILIES = {**PLAIN, **DIM_ORDER, **dict.fromkeys(DELEGATES, Family.FUSED), JUMP: Family.CONTROL_FLOW}


class ExecuTorch:
    name = "executorch"
    title = "ExecuTorch"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many instructions of the program call each kernel, each delegate or jump.

        A call of a delegate is one, whatever it computes, under the name of its backend. What only moves or frees a
        value is not counted.
        """
        from executorch.exir._serialize._program import deserialize_pte_binary

        counts: Counter[str] = Counter()
        for plan in deserialize_pte_binary(artifact.model).program.execution_plan:
            for chain in plan.chains:
                names = (_called(plan, instruction.instr_args) for instruction in chain.instructions)
                counts.update(name for name in names if name is not None)
        return dict(counts)

    def family(self, operator: str) -> Family | None:
        if operator in FAMILIES:
            return FAMILIES[operator]
        family: Family | None = load_file(SUPPORT / "aten_families.py").family(operator)
        return family


def _called(plan: Any, instruction: Any) -> str | None:
    from executorch.exir.schema import DelegateCall, JumpFalseCall, KernelCall

    if isinstance(instruction, KernelCall):
        return str(plan.operators[instruction.op_index].name)
    if isinstance(instruction, DelegateCall):
        return str(plan.delegates[instruction.delegate_index].id)
    return JUMP if isinstance(instruction, JumpFalseCall) else None


REPRESENTATION = ExecuTorch()
