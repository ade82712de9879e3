"""Known divergences of TVM 0.27's front end for ExportedPrograms."""

from __future__ import annotations

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("apache-tvm<=0.27.0.post1",)


def takes_last_layer(case: Case) -> bool:
    """Whether the layer gives the last of a recurrent module's states, by the index -1."""
    return case.layer in {"lstm", "rnn"} and not case.config["initial_state"]


KNOWN = (
    KnownDivergence(
        component="relax_from_exported_program",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="aten.select with an index below zero becomes a take with the same one, which does not count from the "
        "end: the result is whatever lies in memory before the tensor",
        link="none found: tvm relax torch frontend select negative index take out of bounds",
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
        applies=takes_last_layer,
    ),
    KnownDivergence(
        component="relax_from_exported_program",
        layer="scatter",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten.index_put with fewer indices than axes, which writes whole rows, is refused by the operator that "
        "it becomes: IndexPut requires the number of index tensors to match the data tensor dimensions",
        link="none found: tvm relax index_put fewer index tensors than dimensions rows",
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
        link="none found: tvm relax torch frontend repeat symbolic size tile TypeError instance_norm dynamic batch",
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
        link="none found: tvm relax clamp integer one bound clip infinity Cannot convert infinity to BigInt",
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
)
