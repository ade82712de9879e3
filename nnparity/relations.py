"""Facts about a layer that hold whatever computes it, so that they need no second framework and no reference.

A relation changes a case's inputs and says what of the outputs must come out again. Both runs are made on the same
path, so that it finds what no reference can: rows that share a scale, a state that is left over, a future that leaks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from nnparity.contracts import Arrays, Config
from nnparity.dtypes import is_float

Change = Callable[[Config, Arrays, np.random.Generator], Arrays | None]
Part = Callable[[Config, Arrays], Arrays]
Axes = Mapping[str, int | tuple[int, ...]]


def everything(config: Config, outputs: Arrays) -> Arrays:
    """Return all outputs as they are."""
    return outputs


@dataclass(frozen=True)
class Relation:
    """A fact about a layer: these outputs come out again when the inputs are changed like this.

    because: why it must hold, in one line. change: the inputs of the second run, of the same shapes and dtypes; None
    where the fact says nothing about these. kept: what of the first run's outputs must come out again. again: where
    it comes out in the second run. Both take arrays by name and only choose, reorder or reshape elements.
    same_numbers: what is compared is computed from the very same numbers, so that no condition of a case excuses it.
    """

    name: str
    because: str
    change: Change
    kept: Part = everything
    again: Part = everything
    same_numbers: bool = False


def of_each(choose: Callable[[np.ndarray], np.ndarray]) -> Part:
    """Return what does the same to every array."""
    return lambda config, arrays: {name: choose(array) for name, array in arrays.items()}


def with_values(array: np.ndarray, place: tuple[slice, ...], values: np.ndarray) -> np.ndarray:
    """Return a copy of the array with these values at the place."""
    copy = array.copy()
    copy[place] = values
    return copy


def far_from(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return values that an input could have there, far from its own: floats about a thousand, or NaN."""
    if is_float(array.dtype):
        return np.full_like(array, np.nan) if rng.random() < 0.5 else rng.standard_normal(array.shape) * 1000
    return ~array if array.dtype.kind == "b" else array[..., ::-1]


def where(condition: Callable[[Config], bool], *relations: Relation) -> tuple[Relation, ...]:
    """Return the relations, each of which says something about the configs that fulfil the condition only."""

    def limited(relation: Relation) -> Relation:
        def change(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays | None:
            return relation.change(config, inputs, rng) if condition(config) else None

        return replace(relation, change=change)

    return tuple(limited(relation) for relation in relations)


def rows_alone(*names: str) -> Relation:
    """For layers that take each row of the batch, axis 0 of every output and of these inputs, or all, by itself."""

    def change(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays | None:
        rows = {name: inputs[name] for name in names or inputs}
        if any(len(array) < 2 for array in rows.values()):
            return None
        changed = {name: with_values(array, (slice(0, 1),), far_from(array[:1], rng)) for name, array in rows.items()}
        return {**inputs, **changed}

    others = of_each(lambda array: array[1:])
    because = "what is in one row of the batch does not change the others"
    return Relation("rows alone", because, change, kept=others, again=others, same_numbers=True)


def in_any_order(axis: int = 0, name: str = "rows in any order") -> Relation:
    """For layers that do the same at every place of this axis, which all inputs and outputs have."""
    backwards = of_each(lambda array: np.flip(array, axis))
    return Relation(
        name,
        because=f"places of axis {axis} in the opposite order give the outputs in the opposite order",
        change=lambda config, inputs, rng: backwards(config, inputs),
        kept=backwards,
    )


def turned(name: str, because: str, axes: Callable[[Config], Axes]) -> Relation:
    """For layers that do not see in which order the places of some axes of inputs and outputs, by name, come.

    An axis that is of inputs only is one that they are summed or looked up along.
    """

    def turn(config: Config, arrays: Arrays) -> Arrays:
        of = axes(config)
        return {name: np.flip(array, of.get(name, ())) for name, array in arrays.items()}

    return Relation(name, because, change=lambda config, inputs, rng: turn(config, inputs), kept=turn)


def renumbered(*, table: str, indices: str, axis: Callable[[Config], int], kept: Part = everything) -> Relation:
    """For layers that look up, or write, slices of a table along an axis by their numbers; below zero from the end."""

    def change(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays:
        numbers, length = inputs[indices], inputs[table].shape[axis(config)]
        mirrored = np.where(numbers < 0, -length - 1 - numbers, length - 1 - numbers)
        return {**inputs, table: np.flip(inputs[table], axis(config)), indices: mirrored}

    because = f"{indices} that follow the slices of {table} to other places find the same slices"
    return Relation("renumbered", because, change, kept=kept)


def unread(name: str, because: str, place: Callable[[Arrays], tuple[str, np.ndarray]]) -> Relation:
    """For layers that do not read some elements at all, not even with weight zero: the input's name, and a mask."""

    def change(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays:
        changed, mask = place(inputs)
        return {**inputs, changed: np.where(mask, far_from(inputs[changed], rng), inputs[changed])}

    return Relation(name, because, change, same_numbers=True)


ROWS = (rows_alone(), in_any_order())
"""What holds for every layer that takes each row of the batch by itself."""


def works_along_the_batch(config: Config) -> bool:
    """Whether config["axis"], or one of config["axes"], of a tensor (batch, *config["inner"]) is that of the batch."""
    axes = config["axes"] if "axes" in config else [config["axis"]]
    return bool({0, -1 - len(config["inner"])} & set(axes))


ROWS_BESIDE_AXES = where(lambda config: not works_along_the_batch(config), *ROWS)
"""ROWS for layers that work along config["axis"] or config["axes"], unless that is the batch."""


def past_alone(*, inputs: tuple[str, ...], outputs: tuple[str, ...], axis: int = 1, weighted: bool = False) -> Relation:
    """For layers whose outputs at a place of `axis` depend on the inputs up to that place only.

    weighted: what comes later has weight zero instead of no part; zero times NaN or infinity would show.
    """
    last, past = ((slice(None),) * axis + (part,) for part in (slice(-1, None), slice(None, -1)))

    def change(config: Config, given: Arrays, rng: np.random.Generator) -> Arrays | None:
        if any(given[name].shape[axis] < 2 for name in inputs):
            return None
        if weighted and not all(np.isfinite(given[name]).all() for name in inputs):
            return None
        other = _negative if weighted else far_from
        return {**given, **{name: with_values(given[name], last, other(given[name][last], rng)) for name in inputs}}

    def before(config: Config, given: Arrays) -> Arrays:
        return {name: given[name][past] for name in outputs}

    because = "what comes later does not change what came before"
    return Relation("past alone", because, change, kept=before, again=before, same_numbers=True)


def shifted(name: str, by: float = 2.0) -> Relation:
    """For layers that take differences only; inputs that the sum would round say nothing."""

    def change(config: Config, inputs: Arrays, rng: np.random.Generator) -> Arrays | None:
        x = inputs[name]
        moved = x + x.dtype.type(by)
        return {**inputs, name: moved} if np.array_equal(moved - x.dtype.type(by), x) else None

    return Relation("shifted", f"adding {by:g} to all of {name} changes no difference within it", change)


def changed_inputs(relation: Relation, config: Config, inputs: Arrays, seed: int) -> dict[str, np.ndarray] | None:
    """Return the inputs of the second run, in the order of the first; None where they would be the same, or unknown.

    An input without elements leaves no rows, keys or places that a relation could be about.
    """
    if any(array.size == 0 for array in inputs.values()):
        return None
    with np.errstate(all="ignore"):
        changed = relation.change(config, inputs, np.random.default_rng(seed))
    if changed is None:
        return None
    ordered = {name: np.asarray(changed[name], dtype=array.dtype, order="C") for name, array in inputs.items()}
    same = all(np.array_equal(ordered[name], inputs[name], equal_nan=is_float(inputs[name].dtype)) for name in inputs)
    return None if same else ordered


def _negative(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return -array - 1
