"""Known divergences of TVM 0.27's ONNX front end, into Relax."""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("apache-tvm<=0.27.0.post1",)


def slices_by_computed_bounds(case: Case) -> bool:
    """Whether PyTorch's older exporter cuts by bounds that the model computes."""
    return case.layer == "rotary_attention" or (case.layer == "relative_position_attention" and bool(case.open_axes))


def open_batch(
    layers: str, *, reason: str, link: str, witness: Case, paths: str = "torch>onnx_from_torch>*"
) -> KnownDivergence:
    """Return an entry for these layers, separated by spaces, where the batch is open."""
    named = layers.split()
    return KnownDivergence(
        component="relax_from_onnx",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=VERSIONS,
        witness=witness,
        applies=lambda case: case.layer in named and bool(case.open_axes),
        paths=paths,
    )


KNOWN = (
    open_batch(
        "grouped_query_attention mixture_of_experts",
        reason="Expand to a constant shape reads every size of what it expands as a number, an open one too: "
        "AttributeError, 'Var' object has no attribute 'value' (relax/frontend/onnx, Expand)",
        link="none found: tvm relax onnx Expand dynamic batch 'Var' object has no attribute 'value'",
        witness=Case(
            "grouped_query_attention",
            {
                "batch": 2,
                "dtype": "float32",
                "heads": 2,
                "depth": 1,
                "width": 1,
                "length": 2,
                "groups": 1,
                "shared": "expanded",
                "bias": True,
            },
            0,
            {"x": np.ones((2, 2, 1), np.float32)},
            open_axes=("batch",),
        ),
    ),
    open_batch(
        "resize_bicubic resize_bilinear",
        reason="Resize to sizes that begin with the open batch reads it as a number before it is left away: "
        "AttributeError, 'Var' object has no attribute 'value' (relax/frontend/onnx, Resize)",
        link="none found: tvm relax onnx Resize sizes dynamic batch 'Var' object has no attribute 'value'",
        witness=Case(
            "resize_bilinear",
            {
                "batch": 2,
                "dtype": "float32",
                "channels": 1,
                "size": [2, 2],
                "out_size": [3, 3],
                "align_corners": False,
            },
            0,
            {"x": np.ones((2, 1, 2, 2), np.float32)},
            open_axes=("batch",),
        ),
        paths="torch>*",
    ),
    open_batch(
        "sort",
        reason="a size that is picked out of a Shape is a scalar of Relax's, of which a Reshape, as PyTorch writes one "
        "before TopK, is refused: Reshape requires the input data to be Tensor, the given one is ir.PrimType",
        link="none found: tvm relax onnx Shape Gather Reshape requires the input data to be Tensor PrimType dynamic",
        witness=Case(
            "sort",
            {"batch": 2, "dtype": "float32", "inner": [2], "axis": -1, "descending": False},
            0,
            {"x": np.ones((2, 2), np.float32)},
            open_axes=("batch",),
        ),
    ),
    KnownDivergence(
        component="relax_from_onnx",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Slice with bounds that are computed becomes dynamic_strided_slice, whose result has no known shape; "
        "what is done with it has no lowering: CodeGenVM cannot emit this Relax operator directly",
        link="none found: tvm relax onnx dynamic Slice CodeGenVM cannot emit this Relax operator concat unknown shape",
        versions=VERSIONS,
        witness=Case(
            "rotary_attention",
            {
                "batch": 2,
                "dtype": "float32",
                "heads": 2,
                "length": 4,
                "base": 10000.0,
                "start": 0,
                "pairing": "half",
                "turned": 4,
                "depth": 4,
            },
            0,
            {name: np.ones((2, 2, 4, 4), np.float32) for name in "qkv"},
        ),
        applies=slices_by_computed_bounds,
        paths="torch>onnx_from_torch_legacy>*",
    ),
)
