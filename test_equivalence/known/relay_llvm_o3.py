"""What TVM 0.19's kernels for CPUs are known to get wrong at opt_level 3: all of it goes wrong at level 0 as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file

UNOPTIMIZED: tuple[KnownDivergence, ...] = load_file(Path(__file__).with_name("relay_llvm_o0.py")).AT_EVERY_LEVEL

KNOWN: tuple[KnownDivergence, ...] = tuple(replace(entry, component="relay_llvm_o3") for entry in UNOPTIMIZED)
