"""Memory that a process and all that it started hold, as Linux tells it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PROC = Path("/proc")


def tree_of(process: int) -> list[int]:
    """Return the process and its descendants; one whose parent has ended is nobody's, and left out."""
    found = [process]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(PROC / f"{one}/task"):
                found += map(int, (PROC / f"{one}/task/{thread}/children").read_text(encoding="ascii").split())
    return found


def resident_bytes(process: int) -> int:
    """Return what the process has in memory, with what it shares; 0 if it is gone."""
    try:
        pages = (PROC / f"{process}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def own_bytes(process: int) -> int:
    """Return the process's part of what is in memory: a page that n processes share counts for 1/n. It takes longer."""
    try:
        for line in (PROC / f"{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resident_bytes(process)


def beyond(process: int, limit: int) -> bool:
    """Whether the process and its descendants together hold more than `limit` bytes."""
    tree = tree_of(process)
    return sum(map(resident_bytes, tree)) > limit and (len(tree) == 1 or sum(map(own_bytes, tree)) > limit)
