"""Known divergences of AOTInductor on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, in_bfloat16
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))

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
)
