"""What TVM's ONNX front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
TORCHSCRIPT = load_file(Path(__file__).with_name("relay_from_torchscript.py"))

SQUEEZE = {
    "batch": 1,
    "dtype": "float32",
    "channels": 1,
    "reduced": 1,
    "height": 2,
    "width": 2,
    "layout": "NCHW",
    "activation": "silu",
    "gate": "sigmoid",
}

INDEX = {
    "batch": 1,
    "dtype": "float32",
    "lookup": "index",
    "vocabulary": 2,
    "embed": 2,
    "inner": [],
    "padding": 0,
    "ids_dtype": "int64",
}


def from_the_end(case: Case) -> bool:
    """Whether some id is below zero."""
    return bool((case.inputs["ids"] < 0).any())


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_onnx",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "the operator Gelu becomes erf whatever its attribute `approximate` says (relay/frontend/onnx.py, Gelu); "
            "Relax, which had the same fault, has it no more, but TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/18750",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [], "approximate": "tanh"},
            seed=0,
            inputs={"x": np.array([1.0], dtype=np.float32)},
        ),
        applies=TORCHSCRIPT.tanh_gelu,
        # The other two exporters write the formula out.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="layer_norm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
            "(relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend reduce axes input only first axis",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [2, 2],
                "axes": 2,
                "eps": 1e-5,
                "affine": ["scale", "offset"],
            },
            seed=0,
            inputs={"x": np.array([[[1.0, 2.0], [3.0, 5.0]]], dtype=np.float32)},
        ),
        applies=config_is(axes=2),
        # The others write LayerNormalization, which has no axes as an input.
        paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>*",
    ),
    *(
        KnownDivergence(
            component="relay_from_onnx",
            layer="squeeze_excite",
            stage=stage,
            status=status,
            fix=Fix.NEVER,
            reason=(
                "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
                f"(relay/frontend/onnx.py, Reduce){then}; TVM 0.20 has no Relay"
            ),
            link="none found: tvm onnx frontend reduce axes input only first axis",
            versions=VERSIONS,
            witness=Case(
                "squeeze_excite", SQUEEZE, seed=0, inputs={"x": np.array([[[[1, 2], [3, 5]]]], dtype=np.float32)}
            ),
            paths=f"{before}>relay_from_onnx>*",
        )
        for before, stage, status, then in (
            ("torch>onnx_from_torch", Stage.COMPARE, Status.MISMATCH, ""),
            (
                "tensorflow>onnx_from_tensorflow",
                Stage.CONVERT,
                Status.ERROR,
                ", and the linear layer after it gets too many columns",
            ),
        )
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="embedding_lookup",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "GatherND becomes gather_nd, which does not count indices below zero from the end but reads what lies "
            "before the table (relay/frontend/onnx.py, GatherND); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend GatherND negative indices out of bounds",
        versions=VERSIONS,
        witness=Case("embedding_lookup", INDEX, seed=0, inputs={"ids": np.array([-1], dtype=np.int64)}),
        applies=both(config_is(lookup="index"), from_the_end),
        # The other exporters write Gather, whose indices the front end puts right.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="relative_position_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Clip with a constant maximum and without a minimum does nothing: the maximum is taken off the inputs and "
            "used only together with a minimum (relay/frontend/onnx.py, Clip); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend Clip max only no min ignored",
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
                "key_length": 2,
                "depth": 1,
            },
            seed=0,
            inputs={
                "q": np.ones((1, 1, 1, 1), dtype=np.float32),
                "k": np.ones((1, 1, 2, 1), dtype=np.float32),
                "v": np.array([1, 2], dtype=np.float32).reshape(1, 1, 2, 1),
            },
        ),
        applies=config_is(both_ways=False),
        # The other two exporters write Min.
        paths="torch>onnx_from_torch_legacy>relay_from_onnx>*",
    ),
)
