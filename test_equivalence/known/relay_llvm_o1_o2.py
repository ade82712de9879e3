"""What TVM 0.19's kernels for CPUs are known to get wrong at opt_level 1 and 2: what they do at every one, and more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

HERE = Path(__file__).parent
UNOPTIMIZED: tuple[KnownDivergence, ...] = load_file(HERE / "relay_llvm_o0.py").AT_EVERY_LEVEL
LOOP_OVER_LOOP: KnownDivergence = load_file(HERE / "relay_llvm_o3.py").LOOP_OVER_LOOP
FROM_KERAS = "tensorflow>onnx_from_tensorflow>relay_from_onnx>"
ONE_STEP = {**LOOP_OVER_LOOP.witness.config, "layers": 1}


def loops(case: Case) -> bool:
    """Whether tf2onnx 1.17 leaves the layer, as Keras writes it, a Loop.

    Of an LSTM it makes one operator, but for a batch and a length of 1.
    """
    config = case.config
    single = case.layer in {"lstm", "bidirectional_lstm"} and (config["batch"], config["time"]) == (1, 1)
    return single or case.layer in {"gru", "rnn"}


def masks_by_a_triangle(case: Case) -> bool:
    """Whether the layer in PyTorch takes a part of a matrix of ones for its mask, while it runs."""
    if case.layer == "sliding_window_attention":
        return True
    return (case.layer, case.config.get("mask")) in {("attention", "causal"), ("transformer_decoder_block", "none")}


KNOWN: tuple[KnownDivergence, ...] = (
    *(replace(entry, component=component) for component in ("relay_llvm_o1", "relay_llvm_o2") for entry in UNOPTIMIZED),
    replace(LOOP_OVER_LOOP, component="relay_llvm_o2", paths=f"{FROM_KERAS}relay_llvm_o2"),
    KnownDivergence(
        component="relay_llvm_o1",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "in a Loop that runs on the virtual machine, the function for the size of a result declares an argument a "
            "scalar and is handed a tensor (`ndim is expected to equal 0`); FoldConstant, which level 2 adds, leaves "
            "no such argument. TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay vm shape_func Assert fail ndim is expected to equal 0 opt_level 1 FoldConstant",
        versions=LOOP_OVER_LOOP.versions,
        witness=Case("rnn", ONE_STEP, seed=0, inputs=LOOP_OVER_LOOP.witness.inputs),
        applies=loops,
        paths=f"{FROM_KERAS}*",
    ),
    KnownDivergence(
        component="relay_llvm_o1",
        layer="*",
        stage=Stage.LOAD,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "a kernel in which trilu stands behind another operator uses an index that is nowhere defined, since the "
            "number of the diagonal is a tensor without axes (topi/transform.py, trilu; `variables [i1] are used, but "
            "are not passed in`). Level 0 fuses nothing, and from level 2 on the mask is folded into a constant. TVM "
            "0.20 has no Relay"
        ),
        link="none found: tvm relay trilu fused undefined.size() variables are used, but are not passed in as API",
        versions=LOOP_OVER_LOOP.versions,
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 2,
                "key_length": 2,
                "depth": 1,
                "mask": "causal",
            },
            seed=0,
            inputs={name: np.ones((1, 1, 2, 1), dtype=np.float32) for name in "qkv"},
        ),
        applies=masks_by_a_triangle,
        paths="torch>torchscript_from_torch>*",
    ),
)
