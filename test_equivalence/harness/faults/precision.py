"""Everything computed in fewer bits than the case has, sums included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nnparity.contracts import Arrays
from nnparity.layers import rounded
from nnparity.loading import load_file

changes = load_file(Path(__file__).parents[1] / "changes.py")


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield the layer computed in float16, and computed from weights and inputs that are all in bfloat16."""
    yield "computed in float16", _planting(given, lambda arrays: rounded(arrays, "float16"))
    yield "everything in bfloat16", _planting(given, _coarse)


def _coarse(arrays: Arrays) -> Arrays:
    return {name: changes.to_bfloat16(array) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def _planting(given: Any, change: Callable[[Arrays], Arrays]) -> Callable[[], Arrays]:
    return lambda: given.with_fault(weights=change(given.weights), inputs=change(given.inputs))
