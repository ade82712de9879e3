"""Known divergences of AOTInductor on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, in_bfloat16, non_finite, row_near_zero
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))

STEP = {"batch": 1, "dtype": "bfloat16", "time": 1, "features": 1, "hidden": 1}


def one_number(case: Case) -> bool:
    """Whether the input is a single number, and is compiled as that."""
    return case.inputs["x"].size == 1 and not case.open_axes


KNOWN = (
    NO_ROWS.no_rows(
        "inductor_cpu",
        "lstm",
        shown=(Stage.RUN, Status.CRASH),
        fix=Fix.UPSTREAM,
        reason="an LSTM of one direction becomes mkldnn_rnn_layer, which divides by a size of 0 where there are no "
        "rows, and the process dies of it (SIGFPE); eager PyTorch, two directions and GRU give no rows",
        link="none found: AOTInductor mkldnn_rnn_layer LSTM batch size 0 floating point exception SIGFPE",
        versions=("torch<=2.13.0",),
        witness=NO_ROWS.case("lstm", 2, 1, **NO_ROWS.RECURRENT, layers=1),
    ),
    KnownDivergence(
        component="inductor_cpu",
        layer="scatter",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="index_add in bfloat16 is not compiled but called by name, with one integer more than the call takes: "
        "Mismatch between ints consumed and num_ints; index_put that adds is right",
        link="none found: AOTInductor index_add bfloat16 Mismatch between ints consumed and num_ints",
        versions=("torch<=2.13.0",),
        witness=Case(
            "scatter",
            {"batch": 2, "dtype": "bfloat16", "rows": 2, "inner": [2], "indices": "int32", "mode": "add"},
            0,
            {
                "table": np.zeros((2, 2), "bfloat16"),
                "indices": np.array([0, 1], np.int32),
                "updates": np.ones((2, 2), "bfloat16"),
            },
        ),
        applies=both(config_is(mode="add"), in_bfloat16),
    ),
    *(
        KnownDivergence(
            component="inductor_cpu",
            layer="*lstm",
            stage=stage,
            status=status,
            fix=Fix.UPSTREAM,
            reason=f"an LSTM in bfloat16 {reason}",
            link="https://github.com/intel/torch-xpu-ops/issues/4066",
            versions=("torch<=2.13.0",),
            witness=Case("bidirectional_lstm", {**STEP, "bias": bias}, 0, {"x": np.ones((1, 1, 1), "bfloat16")}),
            applies=both(in_bfloat16, config_is(bias=bias)),
            processor="!avx512bw",
        )
        for bias, stage, status, reason in (
            (
                True,
                Stage.RUN,
                Status.ERROR,
                "becomes mkldnn_rnn_layer, and nobody asks, as eager PyTorch does, whether oneDNN has that for this "
                "processor, which without AVX-512BW it has not (use_mkldnn in torch/_decomp/decompositions.py): could "
                "not create a primitive descriptor for the LSTM forward propagation primitive",
            ),
            (
                False,
                Stage.COMPARE,
                Status.MISMATCH,
                "without biases gets zeros of float32 for them (mkldnn_one_layer_lstm in torch/_decomp/"
                "decompositions.py), and oneDNN's outputs are of float32 then",
            ),
        )
    ),
    KnownDivergence(
        component="inductor_cpu",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="expm1 in vectorised code is exp(x) - 1, which is 0 near 0; one number at a time it is std::expm1 "
        "(CppVecOverrides.expm1 in torch/_inductor/codegen/cpp.py)",
        link="https://github.com/pytorch/pytorch/pull/190533",
        versions=("torch<=2.13.0",),
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 1.0, "inner": [16]},
            0,
            {"x": np.full((1, 16), -1e-8, np.float32)},
        ),
        applies=row_near_zero(2**-3),
    ),
    KnownDivergence(
        component="inductor_cpu",
        layer="variance",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the variance of a single number is the constant 0, whatever the number (WelfordReduction.create in "
        "torch/_inductor/ir.py), where that of an infinity or a NaN is NaN; of more rows of one number each it is",
        link="https://github.com/pytorch/pytorch/issues/113167",
        versions=("torch<=2.13.0",),
        witness=Case(
            "variance",
            {"batch": 1, "dtype": "float32", "inner": [1], "axis": 1, "correction": 0, "keepdims": False},
            0,
            {"x": np.full((1, 1), np.inf, np.float32)},
        ),
        applies=both(non_finite, one_number),
    ),
    KnownDivergence(
        component="inductor_cpu",
        layer="integer_division",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="integers divided by a constant without axes, rounding_mode=floor, are divided by C++'s /, which rounds "
        "towards 0: 5 by -3 is -1; by a constant with an axis, if of one number, it is floor_divide_integral and right",
        link="none found: AOTInductor torch.div rounding_mode floor integer 0-d buffer constant truncates negative",
        versions=("torch<=2.13.0",),
        witness=Case(
            "integer_division",
            {"batch": 2, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "floor"},
            0,
            {"x": np.array([-1, 1], np.int32)},
        ),
        applies=both(config_is(mode="floor", inner=[]), lambda case: case.config["numbers"] != "float"),
    ),
)
