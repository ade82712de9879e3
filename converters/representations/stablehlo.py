"""A StableHLO module, as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.mlir"
OPERATION = re.compile(
    r'^\s+(?:%[\w:, %#]+ = )?"?((?:stablehlo|chlo|shape|tensor|arith|scf|cf|math)\.\w+)', re.MULTILINE
)
CONSTANTS = ("stablehlo.constant", "arith.constant", "shape.const_shape")
NO_OPERATION = ("stablehlo.return", "shape.assuming_yield", "scf.yield", "scf.condition")
HLO = ("stablehlo.", "chlo.")
# What computes the sizes of open axes around StableHLO.
SIZES = {
    Family.LAYOUT: """
        shape.shape_of shape.broadcast shape.num_elements shape.concat shape.value_as_shape tensor.dim
        tensor.from_elements tensor.extract tensor.cast tensor.expand_shape tensor.collapse_shape tensor.splat
        tensor.concat
    """,
    Family.ELEMENTWISE: """
        arith.addi arith.subi arith.muli arith.divsi arith.floordivsi arith.ceildivsi arith.remsi arith.maxsi
        arith.minsi arith.cmpi arith.select arith.andi arith.ori arith.xori arith.addf arith.subf arith.mulf arith.divf
        arith.cmpf math.floor math.ceil chlo.acos chlo.acosh chlo.asin chlo.asinh chlo.atan chlo.atanh chlo.cosh
        chlo.digamma chlo.erf chlo.erfc chlo.erf_inv chlo.lgamma chlo.sinh chlo.square chlo.tan chlo.is_inf
        chlo.is_pos_inf chlo.is_neg_inf chlo.next_after chlo.polygamma chlo.zeta
    """,
    Family.CAST: """
        arith.index_cast arith.extsi arith.extui arith.trunci arith.sitofp arith.uitofp arith.fptosi arith.fptoui
        arith.truncf arith.extf
    """,
    Family.REDUCTION: "chlo.top_k",
    Family.CONTROL_FLOW: """
        shape.assuming shape.cstr_broadcastable shape.cstr_eq shape.cstr_require shape.assuming_all scf.if scf.while
        scf.for cf.assert
    """,
}
FAMILIES = {operator: family for family, operators in SIZES.items() for operator in operators.split()}


class StableHlo:
    name = "stablehlo"
    title = "StableHLO"

    def save(self, model: str, folder: Path) -> None:
        (folder / FILE).write_text(model, encoding="utf-8")

    def load(self, folder: Path) -> str:
        return (folder / FILE).read_text(encoding="utf-8")

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each operation the module has, regions included, constants and terminators left out."""
        counts = Counter(OPERATION.findall(artifact.model))
        for name in (*CONSTANTS, *NO_OPERATION):
            del counts[name]
        return dict(counts)

    def family(self, operator: str) -> Family | None:
        if operator in FAMILIES:
            return FAMILIES[operator]
        if not operator.startswith(HLO):
            return None
        plain = operator.partition(".")[2].replace("_", "-")
        family: Family | None = load_file(SUPPORT / "hlo.py").family(plain)
        return family


REPRESENTATION = StableHlo()
