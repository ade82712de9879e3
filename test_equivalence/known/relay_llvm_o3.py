"""What TVM 0.19's kernels for CPUs are known to get wrong at opt_level 3: nearly all they do at level 0, and more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nnparity.conditions import config_is
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

UNOPTIMIZED: tuple[KnownDivergence, ...] = load_file(Path(__file__).with_name("relay_llvm_o0.py")).AT_EVERY_LEVEL

LOOP_OVER_LOOP = KnownDivergence(
    component="relay_llvm_o3",
    layer="rnn",
    stage=Stage.RUN,
    status=Status.ERROR,
    fix=Fix.NEVER,
    reason=(
        "a Loop over the list that another Loop has made takes its steps from a tensor of open length; the kernel "
        "into which that is fused asserts that its own result has the open length (`any_dim ==`) and fails; TVM "
        "0.20 has no Relay"
    ),
    link="none found: tvm relay vm Assert fail any_dim unsatisfied constraint fused take dynamic shape",
    versions=("xtc-tvm-python-bindings<=0.19.0.12",),
    witness=Case(
        "rnn",
        {
            "batch": 2,
            "dtype": "float32",
            "time": 2,
            "features": 1,
            "hidden": 1,
            "layers": 2,
            "nonlinearity": "tanh",
            "initial_state": False,
            "bias": False,
        },
        seed=0,
        inputs={"x": np.ones((2, 2, 1), dtype=np.float32)},
    ),
    applies=config_is(layers=2),
    # tf2onnx 1.17 leaves a Keras SimpleRNN as a Loop.
    paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>relay_llvm_o3",
)

KNOWN: tuple[KnownDivergence, ...] = (
    *(replace(entry, component="relay_llvm_o3") for entry in UNOPTIMIZED),
    LOOP_OVER_LOOP,
)
