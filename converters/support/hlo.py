"""Which instructions of XLA's HLO text are executed, and the families of HLO's and StableHLO's operators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from nnparity.contracts import Family

COMPUTATION = re.compile(r"^(?:ENTRY )?%?([\w.-]+) .*\{$")
INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?[\w.-]+ = .*?[\])}] ([a-z][a-z0-9-]*)\(")
# Computations that an instruction computes with, and does not call in its stead.
INNER = re.compile(r"(?:calls|to_apply)=%?([\w.-]+)")
CALL = "call"
NO_WORK = ("parameter", "constant", "tuple", "get-tuple-element", "bitcast")

# StableHLO writes "_" for "-", and has a few names of its own.
OPERATORS = {
    Family.MATMUL: "dot dot-general fft cholesky triangular-solve",
    Family.ELEMENTWISE: """
        abs add and atan2 cbrt ceil clamp compare complex cosine sine tan count-leading-zeros divide exponential
        exponential-minus-one floor imag real is-finite log log-plus-one logistic maximum minimum multiply negate not or
        popcnt power remainder round-nearest-afz round-nearest-even rsqrt select shift-left shift-right-arithmetic
        shift-right-logical sign sqrt subtract tanh xor erf map erf-inv
    """,
    Family.NORMALISATION: "batch-norm-inference batch-norm-training",
    Family.REDUCTION: "reduce sort topk top-k argmax scan",
    Family.LAYOUT: """
        bitcast broadcast broadcast-in-dim dynamic-broadcast-in-dim concatenate copy dynamic-reshape dynamic-slice pad
        dynamic-pad reshape real-dynamic-slice reverse slice transpose get-dimension-size set-dimension-size
        dynamic-iota copy-start copy-done tuple get-tuple-element
    """,
    Family.CAST: "convert bitcast-convert reduce-precision",
    Family.CONSTANT: "iota rng rng-bit-generator constant",
    Family.CONTROL_FLOW: "call case conditional if while assert after-all optimization-barrier",
    Family.GATHER_SCATTER: "gather dynamic-gather scatter select-and-scatter dynamic-update-slice torch-index-select",
    Family.CONV: "convolution dynamic-conv",
    Family.POOL: "reduce-window",
    Family.FUSED: "fusion composite",
    Family.CUSTOM: "custom-call",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}


def family(operator: str) -> Family | None:
    """Return the family of an HLO operator's name, or of a StableHLO one with "-" for "_"."""
    return FAMILIES.get(operator)


def executed(text: str) -> Mapping[str, int]:
    """Return how many instructions of each name the optimised module executes or loops over, a fusion as one.

    Left out are the insides of fusions, reductions and sorts, and what moves no data.
    """
    computations: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        opened = COMPUTATION.match(line)
        if opened:
            lines = computations.setdefault(opened[1], [])
        elif line.startswith(" "):
            lines.append(line)
    inner = set()
    counts: Counter[str] = Counter()
    parsed = {name: [(INSTRUCTION.match(line), line) for line in lines] for name, lines in computations.items()}
    for instructions in parsed.values():
        for found, line in instructions:
            if found and found[1] != CALL:
                inner.update(INNER.findall(line))
    for name, instructions in parsed.items():
        if name not in inner:
            counts.update(found[1] for found, _ in instructions if found and found[1] not in NO_WORK)
    return dict(counts)
