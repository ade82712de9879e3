"""Inputs for a model of the user's own: drawn by what the model says of them, or the user's, as given and moved."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import is_float, named
from nnparity.errors import UserError, nearest
from nnparity.given import ReadModel
from nnparity.layers import Case
from nnparity.plan import Model, seed_of

MASK, KINDS, PLACES = re.compile("mask", re.I), re.compile(r"type_ids|segment", re.I), re.compile(r"position", re.I)
FEW = 8  # values of an integer input of which nothing is known: within nearly every table
MOVED_BY = 2.0**-10  # relative; far above rounding, so that it is another case, and far below what changes an answer
OPEN_BATCHES = (3, 1)


def models_of(
    name: str, read: ReadModel, sizes: Mapping[str, int], *, count: int, seed: int, real: Arrays | None
) -> list[Model]:
    """Return the cases at the sizes given, then, where the model leaves axes open, some that leave them open too."""
    config: Config = {"dtype": read.dtype, **sizes}
    if real is not None:
        sets = [dict(real), *(moved(real, np.random.default_rng(seed_of(seed, name, one))) for one in range(1, count))]
    else:
        sets = [drawn(read, sizes, seed_of(seed, name, one), one) for one in range(count)]
    fixed = Model(name, tuple(Case(name, config, 0, one) for one in sets))
    if not read.open_axes:
        return [fixed]
    batch = batch_axis(read)
    others = [{**sizes, batch: size} for size in OPEN_BATCHES] if batch and real is None else [sizes]
    open_sets = (
        [sets[0]]
        if real is not None
        else [drawn(read, one, seed_of(seed, name, "open", place), place) for place, one in enumerate(others)]
    )
    opened = Model(name, tuple(Case(name, config, 0, one, open_axes=read.open_axes) for one in open_sets))
    return [fixed, opened]


def batch_axis(read: ReadModel) -> str:
    """Return the axis that is first in every input with open axes, "" if there is none."""
    first = {spec.shape[0] for spec in read.inputs if any(isinstance(size, str) for size in spec.shape)}
    (only,) = first if len(first) == 1 else ("",)
    return only if isinstance(only, str) else ""


def drawn(read: ReadModel, sizes: Mapping[str, int], seed: int, kind: int) -> dict[str, np.ndarray]:
    """Return arrays for every input. kind: which of a few ways floats are drawn in."""
    rng = np.random.default_rng(seed)
    return {
        spec.name: np.asarray(_drawn(spec, spec.sized(sizes), read.bounds.get(spec.name), rng, kind))
        for spec in read.inputs
    }


def said_of(read: ReadModel) -> list[str]:
    """Return in words what integer inputs are drawn from."""
    words = []
    for spec in read.inputs:
        if named(spec.dtype).kind in "iu":
            bound = read.bounds.get(spec.name)
            words.append(f"{spec.name} is drawn from {_range_of(spec, bound)}")
    return words


def _range_of(spec: TensorSpec, bound: int | None) -> str:
    if MASK.search(spec.name) or KINDS.search(spec.name):
        return "0 and 1"
    if bound:
        return f"0 to {bound - 1}, the rows of the table that it indexes"
    if named(spec.dtype).itemsize == 1:
        return f"all of {spec.dtype}"
    return f"0 to {FEW - 1}, since the model does not show its range; --inputs gives real ones"


def _drawn(
    spec: TensorSpec, shape: tuple[int, ...], bound: int | None, rng: np.random.Generator, kind: int
) -> np.ndarray:
    dtype = named(spec.dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if MASK.search(spec.name):
        return _prefixes(shape, rng).astype(dtype)
    if is_float(dtype):
        if kind % 3 == 1:
            return rng.random(shape).astype(dtype)  # what images are scaled to
        return (rng.standard_normal(shape) * (4.0 if kind % 3 == 2 else 1.0)).astype(dtype)
    if dtype.kind in "iu":
        return _integers(spec, shape, bound, rng)
    raise UserError(f"the input {spec.name} is of {spec.dtype}; only numbers are drawn, --inputs gives real ones")


def _integers(spec: TensorSpec, shape: tuple[int, ...], bound: int | None, rng: np.random.Generator) -> np.ndarray:
    dtype = named(spec.dtype)
    if KINDS.search(spec.name):
        return rng.integers(0, 2, shape).astype(dtype)
    if PLACES.search(spec.name) and shape:
        return np.broadcast_to(np.arange(shape[-1]) % (bound or max(1, shape[-1])), shape).astype(dtype)
    if bound is None and dtype.itemsize == 1:
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, endpoint=True, dtype=dtype)
    return rng.integers(0, bound or FEW, shape).astype(dtype)


def _prefixes(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return ones up to a drawn length in every row, at least one: what a padded text has."""
    if not shape:
        return np.ones(())
    lengths = rng.integers(1, max(1, shape[-1]), (*shape[:-1], 1), endpoint=True)
    return np.broadcast_to(np.arange(shape[-1]), shape) < lengths


def real_inputs(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file. Raises UserError for any other file."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as problem:
        raise UserError(f"--inputs {file}: {problem}; write it with np.savez(file, NAME=array)") from problem


def fitted(arrays: Arrays, read: ReadModel) -> dict[str, np.ndarray]:
    """Return the user's arrays in the dtypes that the model takes. Raises UserError where they do not fit it."""
    names = [spec.name for spec in read.inputs]
    for name in arrays:
        if name not in names:
            raise UserError(f"--inputs has {name!r}, no input of the model; {nearest(name, names)}")
    fitting = {}
    for spec in read.inputs:
        if spec.name not in arrays:
            raise UserError(f"--inputs has no {spec.name!r}; the model takes {', '.join(names)}")
        array, dtype = arrays[spec.name], named(spec.dtype)
        fixed = [isinstance(size, str) or size == got for size, got in zip(spec.shape, array.shape, strict=False)]
        if len(array.shape) != len(spec.shape) or not all(fixed):
            raise UserError(f"--inputs: {spec.name} has shape {array.shape}; the model takes {_shown(spec)}")
        cast = array.astype(dtype)
        if array.dtype.kind != dtype.kind and not np.array_equal(cast, array):
            raise UserError(f"--inputs: {spec.name} is {array.dtype}, and loses values as the model's {spec.dtype}")
        fitting[spec.name] = cast
    return fitting


def sizes_in(arrays: Arrays, specs: Sequence[TensorSpec]) -> dict[str, int]:
    """Return the sizes that the arrays give to open axes."""
    return {
        size: int(arrays[spec.name].shape[place])
        for spec in specs
        for place, size in enumerate(spec.shape)
        if isinstance(size, str)
    }


def moved(arrays: Arrays, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the arrays with every float moved a little; integers and booleans stay."""
    return {
        name: (array * (1 + MOVED_BY * rng.standard_normal(array.shape))).astype(array.dtype)
        if is_float(array.dtype)
        else array
        for name, array in arrays.items()
    }


def _shown(spec: TensorSpec) -> str:
    return f"({', '.join(map(str, spec.shape))})"
