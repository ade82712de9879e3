"""Known divergences of torch.jit.trace: none.

Run with PyTorch 2.13.0: all layers, profile quick with seed 0, and the first ten, profile ci with seeds 1 and 2, on
every path through it. What differs there is the doing of the runtimes, and in their files.
"""

from __future__ import annotations

from nnparity.divergence import KnownDivergence

KNOWN: tuple[KnownDivergence, ...] = ()
