"""What PyTorch's exporters to ONNX get wrong, where Relax's front end finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

HERE = Path(__file__)
NEWER = load_file(HERE.with_name("onnx_from_torch.py")).KNOWN
OLDER = load_file(HERE.with_name("onnx_from_torch_legacy.py")).KNOWN
# Indices of 32 bits, axes that are a scalar, and weights in float32 beside an input in bfloat16.
FOUND = ("GatherND", "enable_gqa", "folded into the convolution")

KNOWN: tuple[KnownDivergence, ...] = (
    *(
        replace(entry, stage=Stage.CONVERT, paths="torch>onnx_from_torch>relax_from_onnx>*")
        for entry in {
            (entry.layer, entry.witness.id): entry
            for entry in NEWER
            if entry.status is Status.ERROR and any(words in entry.reason for words in FOUND)
        }.values()
    ),
    *(
        replace(entry, reason=entry.reason.replace("Relay", "Relax"), paths="*>relax_from_onnx>*")
        for entry in OLDER
        if "than Relay allows" in entry.reason
    ),
)
