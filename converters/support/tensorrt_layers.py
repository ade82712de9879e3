"""The layers of a TensorRT engine, as the builder logs them: one line for each, after everything has been fused."""

from __future__ import annotations

import re
from collections import Counter

from nnparity.contracts import Family

HEADING = "Layers:"
LAYER = re.compile(r"^Name: (.*?), LayerType: (\w+)", re.MULTILINE)
# A kernel made for a part of the graph is named after the operators in it, four letters of each.
GENERATED = re.compile(r"__myl_([A-Za-z0-9]+)_myl\d+_\d+")
SEVERAL = re.compile(r"([A-Z][a-z0-9]{0,3}){2,}")

FAMILIES = {
    Family.MATMUL: "gemm Fc",
    Family.ELEMENTWISE: """
        add and cmp div eq equal exp greater greater_equal less less_equal logical max min mod mul neg not or select sub
        Abs Add And Ceil Cos Div Eq Erf Exp Floo Ge Gt Isin Isna Le Log Log1 Lt Max Min Mod Mul Ne Neg Not Or Pow Reci
        Roun Rsqr Sele Sign Sin Sqrt Squa Sub Xor
    """,
    Family.ACTIVATION: "softmax Elu Gelu Hard Relu Sigm Silu Soft Swis Tanh",
    Family.NORMALISATION: "Inor",
    Family.REDUCTION: "reduce sort topk Argm Bott Cums Maxr Mean Minr Prod Sort Sum Topk",
    Family.LAYOUT: "concat copy pad reshape slice transpose Conc Pad Repl Resh Reve Slic Tran",
    Family.CAST: "cast Cast",
    Family.CONSTANT: "constant memset Fill Iota Move",
    Family.CONTROL_FLOW: "cjmp jmp shape_call signal wait",
    Family.GATHER_SCATTER: "gather scatter Gath Nonz Oneh Scat",
    Family.CONV: "correlation deconv",
    Family.POOL: "avgpool maxpool Resi",
    Family.FUSED: "kgen runtime_fusion mha",
}
BY_NAME = {name: family for family, names in FAMILIES.items() for name in names.split()}


def counts(messages: list[str]) -> dict[str, int]:
    """Return how many layers of each kind the engine has. Raises RuntimeError if none of the messages lists them.

    A kernel made for a part of the graph goes by the operators in it, "MulAdd", any other layer by its type, "gemm".
    """
    listed = [message for message in messages if message.startswith(HEADING)]
    if not listed:
        raise RuntimeError("TensorRT built an engine and logged no layers of it; is profiling_verbosity DETAILED?")
    found: Counter[str] = Counter()
    for name, kind in LAYER.findall(listed[-1]):
        generated = GENERATED.fullmatch(name)
        found[generated[1] if generated else kind] += 1
    return dict(found)


def family(layer: str) -> Family | None:
    """Return the family of a layer; FUSED for a kernel of several operators, None if nothing claims it."""
    return Family.FUSED if SEVERAL.fullmatch(layer) else BY_NAME.get(layer)
