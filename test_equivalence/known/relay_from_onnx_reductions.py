"""What TVM's ONNX front end is known to get wrong in reductions, and in layers that are made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import (
    beyond,
    both,
    config_is,
    either,
    in_half,
    small_row,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

RELAY = load_file(Path(__file__).with_name("relay_from_onnx.py"))
VERSIONS = RELAY.VERSIONS


def reduces_several_axes(case: Case) -> bool:
    """Whether a normalisation takes its moments along more than one axis."""
    if case.layer == "group_norm":
        # The channels of a group are an axis of their own.
        return bool(case.config["spatial"])
    if case.layer == "instance_norm":
        return bool(case.config["statistics"] == "input")
    if case.layer == "l2_normalize":
        return len(case.config["axes"]) > 1
    return bool(case.config.get("axes") == 2)


def decides_by_first_entries(case: Case) -> bool:
    """Whether a gate decides otherwise by the first entry of every row of the batch than by all entries.

    A NaN among them may count or not.
    """
    x, threshold = case.inputs["x"], case.config["threshold"]
    opens = (x > threshold).any() if case.config["gate"] == "any" else x.max(initial=-np.inf) > threshold
    first = x[:, 0, 0]
    return bool(opens != (first > threshold).any() or opens != (first.max(initial=-np.inf) > threshold))


GLOBAL = {"batch": 1, "dtype": "float32", "channels": 1, "size": [2, 2], "kind": "average"}


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


FIRST_AXIS = (
    "ReduceMean and ReduceMax, like every reduction that takes its axes as an input, reduce over the first of them "
    "only, so that the result has another shape (relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
)


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_onnx",
        layer="*norm*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
            "(relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/14435",
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
        applies=reduces_several_axes,
        # The others write LayerNormalization, which has no axes as an input.
        paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="rms_norm",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMean, like every reduction that takes its axes as an input, reduces over the first of them only "
            "(relay/frontend/onnx.py, Reduce); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/14435",
        versions=VERSIONS,
        witness=Case(
            "rms_norm",
            {"batch": 1, "dtype": "float32", "inner": [2, 2], "axes": 2, "eps": 1e-5, "affine": False},
            seed=0,
            inputs={"x": np.array([[[1.0, 2.0], [3.0, 5.0]]], dtype=np.float32)},
        ),
        applies=config_is(axes=2),
        # Opset 17 of the older exporter has the axes as an attribute.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="l2_normalize",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "ReduceL2, like ReduceL1, ReduceSumSquare and ReduceLogSum, takes no axes as an input, as opset 18 has "
            "them: TypeError (relay/frontend/onnx.py, ReduceL2); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/15271",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 1e-12},
            seed=0,
            inputs={"x": np.array([[1.0, 2.0]], dtype=np.float32)},
        ),
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="global_pool",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=FIRST_AXIS,
        link="https://github.com/apache/tvm/issues/14435",
        versions=VERSIONS,
        witness=Case(
            "global_pool",
            {**GLOBAL, "keep_axes": True},
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        # The legacy exporter writes GlobalAveragePool and MaxPool.
        paths="*onnx_from_*[hw]>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="global_pool",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=FIRST_AXIS,
        link="https://github.com/apache/tvm/issues/14435",
        versions=VERSIONS,
        witness=Case(
            "global_pool",
            {**GLOBAL, "keep_axes": False},
            seed=0,
            inputs={"x": np.ones((1, 1, 2, 2), dtype=np.float32)},
        ),
        applies=config_is(keep_axes=False),
        # Here a reshape follows, which then fails.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
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
        layer="l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceL2 squares and sums in half precision, where the square of 0.0001 is 0 and that of 256 infinite "
            "(relay/frontend/onnx.py, ReduceL2); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend onnx ReduceL2 float16 overflow underflow accumulate float32",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float16", "inner": [2], "axes": [-1], "eps": 1e-12},
            seed=0,
            inputs={"x": np.array([[1e-5, 2e-5]], dtype=np.float16)},
        ),
        applies=both(in_half, either(beyond(100), small_row(0.05))),
        paths="torch>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="data_dependent_branch",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "ReduceMax and ReduceSum, like every reduction that takes its axes as an input, reduce over the first of "
            "them only (relay/frontend/onnx.py, Reduce); the condition of If is then a tensor, of which the virtual "
            "machine takes the first entry; TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/14435",
        versions=VERSIONS,
        witness=Case(
            "data_dependent_branch",
            {
                "batch": 1,
                "dtype": "float32",
                "writing": "operator",
                "gate": "any",
                "threshold": 0.0,
                "length": 1,
                "width": 2,
            },
            seed=0,
            inputs={"x": np.array([[[0, 1]]], dtype=np.float32)},
        ),
        applies=decides_by_first_entries,
        # PyTorch's exporter leaves the axes out, which are then all of them.
        paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>*",
    ),
)
