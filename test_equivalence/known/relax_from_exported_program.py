"""Known divergences of TVM 0.27's front end for ExportedPrograms."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, in_bfloat16, in_half
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("apache-tvm<=0.27.0.post1",)
LINEAR = {
    "batch": 1,
    "dtype": "float16",
    "inner": [],
    "widths": [1, 1],
    "activation": "tanh",
    "activate_last": False,
}


def counts_from_the_end(case: Case) -> bool:
    """Whether the layer takes the last of a recurrent module's states, by -1, or an index is below zero."""
    if case.layer in {"lstm", "rnn"}:
        return case.layer == "rnn" or not case.config["initial_state"]
    picks = case.layer == "gather" or case.config.get("lookup") == "index"
    return picks and any(bool((array < 0).any()) for array in case.inputs.values() if array.dtype.kind == "i")


def multiplies(case: Case) -> bool:
    """Whether the layer has a product, a convolution or a batch normalisation as PyTorch takes it apart."""
    named = ("attention", "conv", "lstm", "gru", "rnn", "mlp", "transformer", "mixer", "mixture", "patch", "swiglu")
    others = {"batch_norm", "einsum", "inverted_residual", "resnet_bottleneck", "rewritten_block", "squeeze_excite"}
    return case.layer in others or any(name in case.layer for name in named)


def in_float32(*, stage: Stage, status: Status, witness: Case, then: str) -> KnownDivergence:
    return KnownDivergence(
        component="relax_from_exported_program",
        layer="*",
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason="matmul and convolutions are written with out_dtype float32 whatever their operands are, and batch "
        f"normalisation of half precision is left in float32: {then}",
        link="https://github.com/mlc-ai/relax/pull/165",
        versions=VERSIONS,
        witness=witness,
        applies=both(either(in_half, in_bfloat16), multiplies),
        # What comes out in float32 is right.
        up_to=1.0,
    )


KNOWN = (
    KnownDivergence(
        component="relax_from_exported_program",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten.select with an index below zero becomes a take with the same one, which does not count from the "
        "end: the result is whatever lies in memory before the tensor",
        link="none found: tvm relax torch frontend select negative index take out of bounds wrong result",
        versions=VERSIONS,
        witness=Case(
            "rnn",
            {
                "batch": 1,
                "dtype": "float32",
                "time": 1,
                "features": 1,
                "hidden": 2,
                "layers": 1,
                "nonlinearity": "tanh",
                "initial_state": False,
                "bias": True,
            },
            0,
            {"x": np.ones((1, 1, 1), np.float32)},
        ),
        applies=counts_from_the_end,
    ),
    in_float32(
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        witness=Case(
            "mlp",
            {**LINEAR, "bias": False},
            0,
            {"x": np.ones((1, 1), np.float16)},
        ),
        then="the output is float32",
    ),
    in_float32(
        stage=Stage.CONVERT,
        status=Status.ERROR,
        witness=Case(
            "mlp",
            {**LINEAR, "bias": True},
            0,
            {"x": np.ones((1, 1), np.float16)},
        ),
        then="what follows gets two dtypes, TypeError",
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="SELU is taken apart into aten.elu with three factors, of which the front end reads the first and "
        "leaves the scale away: SELU is 1/1.05 of what it should be",
        link="none found: tvm relax exported program frontend elu selu scale input_scale ignored",
        versions=VERSIONS,
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "selu", "inner": [1]},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        applies=config_is(kind="selu"),
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="group_norm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="group normalisation without weights is asked of relax.nn.group_norm with None for them: Found null "
        "pointer node while traversing AST",
        link="none found: tvm relax from_exported_program group_norm affine=False weight None null pointer node",
        versions=VERSIONS,
        witness=Case(
            "group_norm",
            {
                "batch": 1,
                "dtype": "float32",
                "groups": 1,
                "channels": 2,
                "spatial": [2],
                "eps": 1e-5,
                "layout": "channels_first",
                "affine": False,
            },
            0,
            {"x": np.arange(4, dtype=np.float32).reshape(1, 2, 2)},
        ),
        applies=config_is(affine=False),
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="scatter",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten.index_put with fewer indices than axes, which writes whole rows, is refused by the operator that "
        "it becomes: IndexPut requires the number of index tensors to match the data tensor dimensions",
        link="none found: tvm relax index_put requires the number of index tensors to match the data tensor dimensions",
        versions=VERSIONS,
        witness=Case(
            "scatter",
            {"batch": 1, "dtype": "float32", "rows": 2, "inner": [1], "indices": "int64", "mode": "update"},
            0,
            {
                "table": np.zeros((2, 1), np.float32),
                "indices": np.zeros(1, np.int64),
                "updates": np.ones((1, 1), np.float32),
            },
        ),
        applies=lambda case: bool(case.config["inner"]),
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="instance_norm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="repeat by an open size is asked of relax.tile, whose repetitions are numbers: TypeError. PyTorch takes "
        "instance normalisation apart into it, since weights are repeated for every row",
        link="none found: tvm relax from_exported_program repeat dynamic batch tile TypeError symbolic",
        versions=VERSIONS,
        witness=Case(
            "instance_norm",
            {
                "batch": 2,
                "dtype": "float32",
                "channels": 1,
                "spatial": [2],
                "statistics": "input",
                "eps": 1e-5,
                "affine": True,
            },
            0,
            {"x": np.array([1, 2, 3, 4], np.float32).reshape(2, 1, 2)},
            open_axes=("batch",),
        ),
        applies=lambda case: bool(case.open_axes) and case.config["statistics"] == "input",
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="relative_position_attention",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten.clamp of integers with one bound becomes a clip with infinity for the other one, and the kernel "
        "is not compiled: Cannot convert infinity to BigInt",
        link="none found: tvm relax from_exported_program clamp integer tensor Cannot convert infinity to BigInt",
        versions=VERSIONS,
        witness=Case(
            "relative_position_attention",
            {
                "batch": 1,
                "dtype": "float32",
                "both_ways": False,
                "buckets": 4,
                "max_distance": 7,
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
            },
            0,
            {name: np.ones((1, 1, 1, 1), np.float32) for name in "qkv"},
        ),
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="resize_nearest",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten.upsample_nearest2d, mode nearest of interpolate, is translated as if its pixels had centres, "
        "which is nearest-exact: half_pixel instead of asymmetric",
        link="none found: tvm relax from_exported_program upsample_nearest2d half_pixel asymmetric wrong result",
        versions=VERSIONS,
        witness=Case(
            "resize_nearest",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 4],
                "out_size": [1, 5],
                "centres": "asymmetric",
            },
            0,
            {"x": np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)},
        ),
        applies=config_is(centres="asymmetric"),
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="resize_bicubic",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten.index by a column and a row of indices, as bicubic resizing is taken apart into, loses an axis "
        "where both have one element: (1, 1, 1) instead of (1, 1, 1, 1)",
        link="none found: tvm relax from_exported_program aten.index.Tensor wrong output shape single element squeezed",
        versions=VERSIONS,
        witness=Case(
            "resize_bicubic",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 1],
                "out_size": [1, 1],
                "coefficient": -0.75,
                "align_corners": False,
            },
            0,
            {"x": np.ones((1, 1, 1, 1), np.float32)},
        ),
        applies=config_is(out_size=[1, 1]),
    ),
)
