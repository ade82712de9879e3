"""What PyTorch's exporters to ONNX get wrong, where ONNX Runtime finds it before it writes a DLC."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

HERE = Path(__file__)
BOTH = (
    *load_file(HERE.with_name("onnx_from_torch.py")).KNOWN,
    *load_file(HERE.with_name("onnx_from_torch_legacy.py")).KNOWN,
)
FOUND = ("GatherND", "operators are written in bfloat16", "movedim", "than ONNX Runtime allows")

KNOWN: tuple[KnownDivergence, ...] = tuple(
    replace(entry, stage=Stage.CONVERT, paths="*>dlc_from_onnx>*")
    for entry in BOTH
    if (entry.stage, entry.status) == (Stage.LOAD, Status.ERROR) and any(words in entry.reason for words in FOUND)
)
