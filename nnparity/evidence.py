"""What an outcome keeps of the numbers for a reader: values around the worst element, and what the inputs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnparity.dtypes import is_float

AT_MOST = 5  # rows and columns: about a thousand bytes a failure, and no wider than a phone
FIRST = 5
GRIDS = ("expected", "got", "allowed")


def around(
    output: str, index: tuple[int, ...], *, expected: np.ndarray, got: np.ndarray, allowed: np.ndarray
) -> dict[str, Any]:
    """Return JSON values: at most 5 x 5 elements of the last two axes, with the element at `index` among them.

    corner: row and column of the window's first element. Arrays have one shape; fewer than two axes are one row.
    """
    place = (0, 0, *index)[-2:]
    shape = (1, 1, *expected.shape)[-2:]
    corner = [max(0, min(at - AT_MOST // 2, size - AT_MOST)) for at, size in zip(place, shape, strict=True)]
    window = tuple(slice(start, start + AT_MOST) for start in corner)
    cut = {
        name: np.atleast_2d(array[index[:-2]])[window]
        for name, array in zip(GRIDS, (expected, got, allowed), strict=True)
    }
    fine = got.dtype == np.float64
    return {
        "output": output,
        "index": list(index),
        "shape": list(expected.shape),
        "corner": corner,
        "expected": _numbers(cut["expected"], digits=17 if fine else 9),
        "got": _numbers(cut["got"], digits=17 if fine else 9),
        "allowed": _numbers(cut["allowed"], digits=3),
    }


def described(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return JSON values that say what each array is: kind, range of its finite values, and how it begins."""
    return {name: _described(np.asarray(array)) for name, array in arrays.items()}


def _described(array: np.ndarray) -> dict[str, Any]:
    said: dict[str, Any] = {"dtype": array.dtype.name, "shape": list(array.shape)}
    values = array.astype(np.float64) if is_float(array.dtype) else array
    finite = values[np.isfinite(values)]
    if finite.size:
        said |= {
            name: _number(array.dtype.type(end), 9) for name, end in (("min", finite.min()), ("max", finite.max()))
        }
    said |= {"nan": int(np.isnan(values).sum()), "inf": int(np.isinf(values).sum())}
    return said | {"first": [_number(value, 9) for value in array.ravel()[:FIRST]]}


def _numbers(rows: np.ndarray, *, digits: int) -> list[list[float]]:
    return [[_number(value, digits) for value in row] for row in rows]


def _number(value: Any, digits: int) -> float:
    """Return an integer or boolean as an integer, else a float of at most this many significant digits."""
    if isinstance(value, (np.integer, np.bool_)):
        return int(value)
    return float(str(value) if isinstance(value, (np.float16, np.float32)) else f"{float(value):.{digits}g}")


@dataclass(frozen=True)
class Window:
    """What `around` kept, as texts. rows, columns: their numbers in the output; worst: row and column in the window."""

    output: str
    index: str
    shape: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    worst: tuple[int, int]
    grids: Mapping[str, tuple[tuple[str, ...], ...]]

    @classmethod
    def of(cls, kept: object) -> Window | None:
        """Return the window, None where nothing was recorded, or nothing of this form."""
        said = kept if isinstance(kept, Mapping) else {}
        grids = {name: _texts(said.get(name)) for name in GRIDS}
        sizes = {tuple(map(len, grid)) for grid in grids.values()}
        corner, index, shape = (_whole(said.get(name)) for name in ("corner", "index", "shape"))
        if len(sizes) != 1 or len(set(*sizes)) != 1 or len(corner) != 2:
            return None
        row, column = (at - start for at, start in zip((0, 0, *index)[-2:], corner, strict=True))
        return cls(
            output=_text(said.get("output")),
            index=f"[{', '.join(map(str, index))}]",
            shape=f"({', '.join(map(str, shape))})",
            rows=tuple(range(corner[0], corner[0] + len(grids["got"]))),
            columns=tuple(range(corner[1], corner[1] + len(grids["got"][0]))),
            worst=(row, column),
            grids=grids,
        )


@dataclass(frozen=True)
class Described:
    """What `described` kept of one input, as texts."""

    name: str
    kind: str
    range: str
    odd: str
    first: str


def inputs_of(kept: object) -> tuple[Described, ...]:
    """Return what was recorded of each input, by name; nothing where nothing was."""
    by_name = kept if isinstance(kept, Mapping) else {}
    return tuple(_input(name, by_name[name]) for name in sorted(by_name) if isinstance(by_name[name], Mapping))


def _input(name: str, said: Mapping[str, Any]) -> Described:
    shape = ", ".join(map(str, _whole(said.get("shape"))))
    first = said.get("first")
    odd = [f"{_text(said[key])} {word}" for key, word in (("nan", "NaN"), ("inf", "infinite")) if said.get(key)]
    return Described(
        name=name,
        kind=f"{_text(said.get('dtype', ''))} ({shape})",
        range=f"{_text(said['min'])} to {_text(said['max'])}" if {"min", "max"} <= set(said) else "",
        odd=", ".join(odd),
        first=", ".join(map(_text, first)) if isinstance(first, list) else "",
    )


def _texts(rows: object) -> tuple[tuple[str, ...], ...]:
    """Return a grid of texts, empty for what is not a list of rows."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return ()
    return tuple(tuple(map(_text, row[:AT_MOST])) for row in rows[:AT_MOST] if row)


def _whole(values: object) -> tuple[int, ...]:
    given = values if isinstance(values, (list, tuple)) else ()
    return tuple(value for value in given if isinstance(value, int))


def _text(value: object) -> str:
    return "nan" if value is None else str(value)
