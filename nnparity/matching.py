"""Which input and output of one model is which of another: by name, by shape and dtype, or as the user says."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnparity.contracts import Arrays, Size
from nnparity.errors import UserError

CHANNELS_LAST, CHANNELS_FIRST = "channels last (NHWC)", "channels first (NCHW)"


@dataclass(frozen=True)
class Source:
    """Where an array comes from: its name in the other model, how its axes are turned, and what it is cast to.

    axes: as np.transpose takes them, () for as they are. dtype: "" for as it is.
    """

    name: str
    axes: tuple[int, ...] = ()
    dtype: str = ""

    def of(self, arrays: Arrays) -> np.ndarray:
        """Return the array."""
        array = arrays[self.name]
        turned = np.ascontiguousarray(array.transpose(self.axes)) if self.axes else array
        return turned.astype(self.dtype) if self.dtype else turned


@dataclass(frozen=True)
class Match:
    """inputs: the reference's inputs by what they are in the checked model; outputs: the checked model's, reversed."""

    inputs: Mapping[str, Source]
    outputs: Mapping[str, Source]

    def inputs_of(self, checked: Arrays) -> dict[str, np.ndarray]:
        """Return the reference's inputs, given those of the checked model."""
        return {name: source.of(checked) for name, source in self.inputs.items()}

    def outputs_of(self, reference: Arrays) -> dict[str, np.ndarray]:
        """Return what the checked model's outputs should be, given the reference's."""
        return {name: source.of(reference) for name, source in self.outputs.items()}

    def outputs_back(self, checked: Arrays) -> dict[str, np.ndarray]:
        """Return the checked model's outputs under the reference's names and in its layout."""
        turned = {}
        for name, source in self.outputs.items():
            array = checked[name]
            turned[source.name] = array.transpose(np.argsort(source.axes)) if source.axes else array
        return turned


@dataclass(frozen=True)
class End:
    """An input or output of a model. A string in the shape fits any size."""

    name: str
    shape: tuple[Size, ...]
    dtype: str


def itself(inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Match:
    """Return the match of a model with itself."""
    return Match({name: Source(name) for name in inputs}, {name: Source(name) for name in outputs})


def matched(
    wanted: Sequence[End], there: Sequence[End], *, said: Mapping[str, str], what: str
) -> tuple[dict[str, Source], list[str]]:
    """Return for every wanted end where it comes from among those that are there, and what is worth saying of it.

    said: names the user matched, wanted to there. In turn by that, by name, where one is left on both sides, and by
    shape and kind of dtype where only one fits. Raises UserError where none of these decides. what: "input", "output".
    """
    if len(wanted) != len(there):
        raise UserError(f"{len(wanted)} {what}s ({_names(wanted)}) against {len(there)} ({_names(there)})")
    by_name = {end.name: end for end in there}
    pairs: dict[str, End] = {}
    for end in wanted:
        name = said.get(end.name, end.name)
        if name in by_name:
            pairs[end.name] = by_name[name]
    left = [end for end in wanted if end.name not in pairs]
    free = [end for end in there if end not in pairs.values()]
    for end in left:
        fitting = free if len(left) == 1 else [one for one in free if axes_between(one, end) is not None]
        rivals = [one for one in left if fitting and axes_between(fitting[0], one) is not None]
        if len(fitting) != 1 or (len(left) > 1 and len(rivals) != 1):
            example = f"--map {end.name}={free[0].name}"
            raise UserError(f"the {what} {end.name} could be any of {_names(free)}; say which: {example}")
        pairs[end.name] = fitting[0]
    notes = [f"{what} {name} is {end.name}" for name, end in pairs.items() if name != end.name]
    sources = {}
    for end in wanted:
        other = pairs[end.name]
        axes = axes_between(other, end)
        if axes is None:
            raise UserError(
                f"the {what} {_shown(end)} cannot be {_shown(other)}: no move of the channels makes one the other"
            )
        if axes:
            notes.append(f"{what} {end.name} is turned: {_layout(other, axes)}")
        sources[end.name] = Source(other.name, axes, end.dtype if end.dtype != other.dtype else "")
    return sources, notes


def axes_between(there: End, wanted: End) -> tuple[int, ...] | None:
    """Return how the axes of one are turned to give the other: () as they are, None if no turn does it.

    Only channels move, from the last place to the second or back; any other turn would be a guess.
    """
    if len(there.shape) != len(wanted.shape) or _kind(there.dtype) != _kind(wanted.dtype):
        return None
    if _fits(there.shape, wanted.shape):
        return ()
    rank = len(there.shape)
    if rank < 3:
        return None
    for axes in ((0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)):
        if _fits([there.shape[axis] for axis in axes], wanted.shape):
            return axes
    return None


def _layout(there: End, axes: tuple[int, ...]) -> str:
    first = axes[1] == len(axes) - 1
    here, other = (CHANNELS_FIRST, CHANNELS_LAST) if first else (CHANNELS_LAST, CHANNELS_FIRST)
    return f"{here} where {there.name} is {other}"


def _fits(one: Iterable[Size], other: Iterable[Size]) -> bool:
    pairs = itertools.zip_longest(one, other)
    return all(isinstance(a, str) or isinstance(b, str) or a == b for a, b in pairs)


def _kind(dtype: str) -> str:
    """Return "float", or "integer" for integers of any width: converters narrow them."""
    return "float" if "float" in dtype else "bool" if dtype == "bool" else "integer"


def _names(ends: Iterable[End]) -> str:
    return ", ".join(end.name for end in ends)


def _shown(end: End) -> str:
    return f"{end.name} {end.dtype} ({', '.join(map(str, end.shape))})"
