"""A module compiled by IREE for this machine's processor, as the bytes of a .vmfb file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family

FILE = "model.vmfb"
PREFIX = "dispatch."
# The first word of what IREE calls a dispatch region after the operator at its root.
KINDS = {
    Family.MATMUL: "matmul batch mmt4d vecmat batch_mmt4d matvec dot fft",
    Family.ELEMENTWISE: "elementwise",
    Family.ACTIVATION: "softmax",
    Family.REDUCTION: "reduction sort topk scan argmax arg_compare",
    Family.LAYOUT: "broadcast transpose slow memcpy pack unpack reverse concat slice pad gather_slice",
    Family.GATHER_SCATTER: "gather scatter",
    Family.CONV: "conv depthwise winograd im2col",
    Family.POOL: "pooling",
    Family.CONSTANT: "fill map_fill",
    Family.FUSED: "attention online_attention other",
}
FAMILIES = {PREFIX + kind: family for family, kinds in KINDS.items() for kind in kinds.split()}
CONTROL_FLOW = ("scf.if", "scf.for", "scf.while", "cf.cond_br")


class IreeVmfb:
    name = "iree_vmfb"
    title = "IREE module"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: the dispatches are in what the compiler writes on the way, not in the file."""
        raise TypeError("counting an iree_vmfb: the runtime that compiles it knows; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        """Return the family of the operator at a dispatch's root; what else is fused into it does not count."""
        if operator in CONTROL_FLOW:
            return Family.CONTROL_FLOW
        kind = operator.removeprefix(PREFIX)
        return FAMILIES.get(PREFIX + kind.split("_")[0], FAMILIES.get(operator)) if kind != operator else None


REPRESENTATION = IreeVmfb()
