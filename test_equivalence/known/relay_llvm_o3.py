"""What TVM 0.19's kernels for CPUs are known to get wrong at opt_level 3: the same as at level 0."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file

UNOPTIMIZED: tuple[KnownDivergence, ...] = load_file(Path(__file__).with_name("relay_llvm_o0.py")).KNOWN

KNOWN: tuple[KnownDivergence, ...] = tuple(replace(entry, component="relay_llvm_o3") for entry in UNOPTIMIZED)
