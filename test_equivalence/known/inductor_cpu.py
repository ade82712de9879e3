"""Known divergences of AOTInductor on the CPU."""

from __future__ import annotations

from pathlib import Path

from nnparity.divergence import Fix
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
)
