"""Known divergences of TVM 0.27's ONNX front end, into Relax."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from nnparity.conditions import Condition, config_is, either, empty, in_bfloat16, in_half, row_near_zero
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
VERSIONS = ("apache-tvm<=0.27.0.post1",)


def slices_by_computed_bounds(case: Case) -> bool:
    """Whether PyTorch's older exporter cuts by bounds that the model computes."""
    return case.layer == "rotary_attention" or (case.layer == "relative_position_attention" and bool(case.open_axes))


# Of these tf2onnx computes a shape out of the sizes: of all, where the batch is open, and of its Einsum always.
COMPUTED_SHAPES = (
    "attention_cache_step data_dependent_branch group_norm grouped_query_attention instance_norm logsumexp mixer_block "
    "mixture_of_experts multi_head_attention swiglu take_along_axis transformer_decoder_block transformer_encoder_block"
)
WRITES_EINSUM_OUT = {
    "grouped_query_attention",
    "mixture_of_experts",
    "multi_head_attention",
    "transformer_decoder_block",
    "transformer_encoder_block",
}
FROM_KERAS = "tensorflow>onnx_from_tensorflow>*"


def computes_a_shape(case: Case) -> bool:
    """Whether tf2onnx gives a Reshape a shape that the model computes."""
    if case.layer in WRITES_EINSUM_OUT or case.config.get("equation") in {"bhid,bhjd->bhij", "bi,bij->bj"}:
        return True
    return case.layer in COMPUTED_SHAPES.split() and opened(case)


def opened(case: Case) -> bool:
    """Whether the batch is open, or of no rows, since the front end takes a size of 0 for one that is not known."""
    return bool(case.open_axes) or empty(case)


def open_in(*layers: str) -> Condition:
    """Return a condition: the layer is one of these, and its batch is open or of no rows."""
    return lambda case: case.layer in layers and opened(case)


def narrow(
    layer: str,
    *,
    stage: Stage,
    status: Status,
    reason: str,
    link: str,
    witness: Case,
    paths: str = "*",
    up_to: float = math.inf,
) -> KnownDivergence:
    """Return an entry for this layer in half precision and bfloat16."""
    return KnownDivergence(
        component="relax_from_onnx",
        layer=layer,
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=VERSIONS,
        witness=witness,
        applies=either(in_half, in_bfloat16),
        paths=paths,
        up_to=up_to,
    )


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
        applies=open_in(*named),
        paths=paths,
    )


UNKNOWN_ROWS = NO_ROWS.case("mixture_of_experts", 2, 2, experts=2, chosen=1, length=2, width=2, hidden=1)

KNOWN = (
    open_batch(
        "mixture_of_experts",
        reason="Expand to a constant shape reads every size of what it expands as a number, also one of 0, which is "
        "taken for an unknown one: AttributeError, 'Var' object has no attribute 'value'",
        link="none found: tvm relax onnx Expand zero size AttributeError 'Var' object has no attribute 'value'",
        witness=UNKNOWN_ROWS,
        paths="torch>onnx_from_torch_legacy>*",
    ),
    open_batch(
        "grouped_query_attention l2_normalize mixture_of_experts",
        reason="Expand to a constant shape reads every size of what it expands as a number, an open one too: "
        "AttributeError, 'Var' object has no attribute 'value' (relax/frontend/onnx, Expand)",
        link="none found: tvm relax onnx Expand dynamic batch AttributeError 'Var' object has no attribute 'value'",
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
        link="https://github.com/apache/tvm/pull/20406",
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
        link="none found: tvm relax onnx Reshape requires the input data to be Tensor PrimType Shape Gather",
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
        link="none found: tvm relax onnx dynamic Slice dynamic_strided_slice CodeGenVM cannot handle this intrinsic",
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
    KnownDivergence(
        component="relax_from_onnx",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Reshape to a shape that is computed otherwise than out of a Shape by a few operators is refused: "
        "Reshape requires the input new shape to be Shape, the given one is a tensor",
        link="https://github.com/apache/tvm/issues/20174",
        versions=VERSIONS,
        witness=Case(
            "grouped_query_attention",
            {
                "batch": 2,
                "dtype": "float32",
                "heads": 4,
                "depth": 4,
                "width": 5,
                "length": 3,
                "groups": 2,
                "shared": "expanded",
                "bias": True,
            },
            0,
            {"x": np.ones((2, 3, 5), np.float32)},
        ),
        applies=computes_a_shape,
        paths=FROM_KERAS,
    ),
    KnownDivergence(
        component="relax_from_onnx",
        layer="one_hot",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the depth of OneHot is handed on as an array where it has an axis, as tf2onnx writes it: TypeError, "
        "Expected int but got ffi.Array",
        link="none found: tvm relax onnx OneHot depth Expected int but got Array TypeError",
        versions=VERSIONS,
        witness=Case(
            "one_hot",
            {
                "batch": 2,
                "dtype": "float32",
                "inner": [3],
                "classes": 4,
                "classes_last": True,
                "indices": "int32",
            },
            0,
            {"indices": np.zeros((2, 3), np.int32)},
        ),
        paths=FROM_KERAS,
    ),
    *(
        KnownDivergence(
            component="relax_from_onnx",
            layer="*",
            stage=stage,
            status=Status.ERROR,
            fix=Fix.UPSTREAM,
            reason=reason,
            link="none found: tvm relax onnx dynamic batch different symbolic dims dim_param unknown shape matmul "
            "CodeGenVM",
            versions=VERSIONS,
            witness=witness,
            applies=open_in(*layers),
            paths=FROM_KERAS,
        )
        for stage, layers, reason, witness in (
            (
                Stage.CONVERT,
                ("scatter",),
                "tf2onnx gives every open axis a name of its own, so the batch of the indices is not known to be that "
                "of the updates: ScatterND is refused",
                Case(
                    "scatter",
                    {"batch": 2, "dtype": "float32", "rows": 3, "inner": [2], "indices": "int32", "mode": "add"},
                    0,
                    {
                        "table": np.zeros((3, 2), np.float32),
                        "indices": np.arange(2, dtype=np.int32),
                        "updates": np.ones((2, 2), np.float32),
                    },
                    open_axes=("batch",),
                ),
            ),
            (
                Stage.LOAD,
                (
                    "alibi_attention",
                    "attention",
                    "patch_embedding",
                    "relative_position_attention",
                    "rotary_attention",
                    "sliding_window_attention",
                    "squeeze_excite",
                    "where",
                ),
                "tf2onnx gives every open axis a name of its own and computes shapes of them, so that a result of "
                "two inputs, or of a computed shape, has none that is known, and what has none has no lowering: "
                "CodeGenVM cannot emit this Relax operator directly",
                Case(
                    "attention",
                    {
                        "batch": 2,
                        "dtype": "float32",
                        "heads": 1,
                        "query_length": 1,
                        "key_length": 2,
                        "depth": 1,
                        "mask": "none",
                    },
                    0,
                    {
                        "q": np.ones((2, 1, 1, 1), np.float32),
                        "k": np.ones((2, 1, 2, 1), np.float32),
                        "v": np.ones((2, 1, 2, 1), np.float32),
                    },
                    open_axes=("batch",),
                ),
            ),
        )
    ),
    narrow(
        "batch_norm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        reason="BatchNormalization of half precision with statistics in float32 is computed in float32 and left there",
        link="none found: tvm relax onnx BatchNormalization float16 bfloat16 output float32 mixed precision",
        witness=Case(
            "batch_norm",
            {
                "batch": 1,
                "dtype": "float16",
                "channels": 1,
                "spatial": [],
                "eps": 1e-5,
                "layout": "channels_first",
                "affine": True,
            },
            0,
            {"x": np.ones((1, 1), np.float16)},
        ),
        # tf2onnx writes the formula.
        paths="torch>*",
        # What comes out in float32 is right.
        up_to=1.0,
    ),
    narrow(
        "elu_family",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        reason="Elu is written out with a 1 in float32 beside what is of half precision: Binary operators must have "
        "the same datatype for both operands (relax/frontend/onnx, Elu)",
        link="none found: tvm relax onnx Elu float16 Binary operators must have the same datatype for both operands",
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float16", "kind": "elu", "alpha": 2.0, "inner": []},
            0,
            {"x": np.ones(1, np.float16)},
        ),
    ),
    KnownDivergence(
        component="relax_from_onnx",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Elu, Selu and Celu are written out with exp(x) - 1, which is 0 near 0, and not expm1",
        link="none found: tvm relax onnx Elu Selu exp(x) - 1 expm1 small negative input zero",
        versions=VERSIONS,
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [2]},
            0,
            {"x": np.array([[-1e-8, -1e-6]], np.float32)},
        ),
        applies=row_near_zero(2**-3),
        # TensorFlow's own Elu and Selu are as imprecise.
        paths="torch>*",
    ),
    KnownDivergence(
        component="relax_from_onnx",
        layer="gru",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Shape of what the front end holds as a shape itself is asked of shape_of, which takes tensors only: "
        "shape_of expects a tensor input, but received R.Shape",
        link="none found: tvm relax onnx Shape shape_of expects a tensor input, but received R.Shape ndim",
        versions=VERSIONS,
        witness=Case(
            "gru",
            {
                "batch": 2,
                "dtype": "float32",
                "time": 3,
                "features": 4,
                "hidden": 5,
                "reset": "before",
                "initial_state": False,
                "bias": True,
            },
            0,
            {"x": np.ones((2, 3, 4), np.float32)},
        ),
        applies=config_is(reset="before"),
        paths="torch>onnx_from_torch_legacy>*",
    ),
    KnownDivergence(
        component="relax_from_onnx",
        layer="scatter",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="ScatterElements with indices that are made of a Shape, which the front end holds as a shape and not as "
        "a tensor: Node cannot handle ShapeExpr inputs",
        link="none found: tvm relax onnx ScatterElements cannot handle ShapeExpr inputs",
        versions=VERSIONS,
        witness=Case(
            "scatter",
            {"batch": 1, "dtype": "float32", "rows": 2, "inner": [1], "indices": "int32", "mode": "update"},
            0,
            {
                "table": np.zeros((2, 1), np.float32),
                "indices": np.zeros(1, np.int32),
                "updates": np.ones((1, 1), np.float32),
            },
        ),
        applies=config_is(mode="update"),
        paths="torch>onnx_from_torch_legacy>*",
    ),
)
