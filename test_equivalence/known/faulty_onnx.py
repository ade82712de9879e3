"""ONNX models that an exporter or onnxslim made wrong, where the next conversion finds it as ONNX Runtime does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

HERE = Path(__file__).parent
EXPORTERS = {"onnx_from_torch": "torch", "onnx_from_torch_legacy": "torch", "onnx_from_tensorflow": "tensorflow"}
QUANTISER, RELAX, DLC = "onnx_xint8_from_onnx", "relax_from_onnx", "dlc_from_onnx"
# Indices of 32 bits, axes that are a scalar, and weights in float32 beside an input in bfloat16.
RELAX_FINDS = ("GatherND", "enable_gqa", "folded into the convolution")


def known_in(*names: str) -> Iterable[KnownDivergence]:
    """Yield the entries of these files."""
    for name in names:
        yield from load_file(HERE / f"{name}.py").KNOWN


def says(entry: KnownDivergence, *words: str) -> bool:
    """Whether the entry's reason has one of these words."""
    return any(one in entry.reason for one in words)


def found_by(entry: KnownDivergence) -> Iterator[str]:
    """Yield the conversions that find what the entry tells of."""
    refused = (entry.stage, entry.status) == (Stage.LOAD, Status.ERROR)
    # The quantiser begins by having ONNX Runtime, as it is by default, load the model; for a DLC QNN's plugin loads it,
    # in the emulator's environment.
    for reader, conversion in (("onnxruntime_cpu", QUANTISER), ("qnn_htp_emulator", DLC)):
        if refused and entry.on_path((EXPORTERS.get(entry.component, ""), entry.component, reader)):
            yield conversion
    if entry.status is Status.ERROR and entry.component == "onnx_from_torch" and says(entry, *RELAX_FINDS):
        yield RELAX


def found_on_conversion() -> Iterator[KnownDivergence]:
    """Yield an entry about conversions for each of exporters, but for those that are told there of conversions too."""
    told = {entry.id for entry in known_in(*EXPORTERS)}
    paths: dict[str, set[str]] = {}
    found: dict[str, KnownDivergence] = {}
    for entry in known_in(*EXPORTERS, "no_rows"):
        here = replace(entry, stage=Stage.CONVERT)
        for conversion in found_by(entry) if here.id not in told and entry.component in EXPORTERS else ():
            found.setdefault(here.id, here)
            paths.setdefault(here.id, set()).add(f"*>{entry.component}>{conversion}>*")
    for name, here in found.items():
        yield replace(here, paths=" ".join(sorted(paths[name])))


KNOWN: tuple[KnownDivergence, ...] = (
    *found_on_conversion(),
    # The quantiser calls onnxslim, and runs what that gives.
    *(
        replace(entry, component=QUANTISER, stage=Stage.CONVERT, paths=f"torch>onnx_from_torch>{QUANTISER}>*")
        for entry in known_in("onnx_slimmed")
        if entry.stage is Stage.LOAD
    ),
)
