"""What PyTorch's exporter to ONNX gets wrong, where Relax's front end finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

FROM_TORCH = load_file(Path(__file__).with_name("onnx_from_torch.py")).KNOWN
# Indices of 32 bits, axes that are a scalar, and weights in float32 beside an input in bfloat16.
FOUND = ("GatherND", "ScatterND", "enable_gqa", "folded into the convolution")

KNOWN: tuple[KnownDivergence, ...] = tuple(
    replace(entry, stage=Stage.CONVERT, paths="torch>onnx_from_torch>relax_from_onnx>*")
    for entry in {
        entry.reason: entry
        for entry in FROM_TORCH
        if entry.status is Status.ERROR and any(words in entry.reason for words in FOUND)
    }.values()
)
