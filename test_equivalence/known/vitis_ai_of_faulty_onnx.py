"""What AMD Quark finds in ONNX models that an exporter or onnxslim made wrong, and ONNX Runtime finds on loading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

HERE = Path(__file__).parent
EXPORTERS = {"onnx_from_torch": "torch", "onnx_from_torch_legacy": "torch", "onnx_from_tensorflow": "tensorflow"}
QUANTISER = "onnx_xint8_from_onnx"


def known_in(*names: str) -> Iterable[KnownDivergence]:
    """Yield the entries of these files."""
    for name in names:
        yield from load_file(HERE / f"{name}.py").KNOWN


def refused_when_loaded(entry: KnownDivergence) -> bool:
    """Whether an exporter's model is one that ONNX Runtime, as it is by default, refuses to load."""
    path = (EXPORTERS.get(entry.component, ""), entry.component, "onnxruntime_cpu")
    return (
        entry.component in EXPORTERS
        and (entry.stage, entry.status) == (Stage.LOAD, Status.ERROR)
        and entry.on_path(path)
    )


SAID_THERE = {entry.id for entry in known_in(*EXPORTERS)}
"""Those that name the quantiser's paths beside others on which a conversion finds the same."""


KNOWN = (
    # The quantiser begins by having ONNX Runtime load the model.
    *(
        here
        for entry in known_in(*EXPORTERS, "no_rows")
        if refused_when_loaded(entry)
        and (here := replace(entry, stage=Stage.CONVERT, paths=f"*>{entry.component}>{QUANTISER}>*")).id
        not in SAID_THERE
    ),
    # It calls onnxslim, and runs what that gives.
    *(
        replace(entry, component=QUANTISER, stage=Stage.CONVERT, paths=f"torch>onnx_from_torch>{QUANTISER}>*")
        for entry in known_in("onnx_slimmed")
    ),
)
