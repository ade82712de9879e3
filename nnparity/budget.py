"""How far an output may lie from the float64 reference before rounding no longer explains it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from nnparity.contracts import Arrays
from nnparity.dtypes import is_float, limits

CONSTANT: Mapping[str, float] = {"float64": 64.0, "float32": 32.0, "float16": 16.0, "bfloat16": 16.0}
"""How many times the rounding error that shows itself on a case the budget allows on it.

One would mean: no implementation rounds worse than the eager root did on these few runs. The value is a power of two,
at least 1.4 times what the same function needs in another valid order of operations, sums of up to 64 terms included:
44, 18, 10 and 9 in 54,000 cases of each dtype (`benchmarks/calibrate_budget.py --cases 3000`, which also prints by how
much planted faults exceed it). float64 needs most, because its reference rounds as coarsely as what it judges.
"""

OVERFLOW_REACH = 4.0
"""How many times the terms that the sensitivity implies a partial sum may be.

A sensitivity s to moves of one unit of rounding means terms of about s / eps. Where that comes within this factor of
the greatest number, one order of a sum overflows and another does not, so NaN and infinity there say nothing.
"""

NAN, POSITIVE_INFINITY, NEGATIVE_INFINITY, FINITE = 1, 2, 4, 8
ANY_KIND = NAN | POSITIVE_INFINITY | NEGATIVE_INFINITY | FINITE

_JUMP = 2.0**-4


@dataclass(frozen=True)
class ExpectedOutput:
    """What one output must be, element by element.

    dtype: what the eager root gives; the case's dtype where the root itself is judged.
    reference: float64; integers and booleans as they are. rounded: the reference in `dtype`.
    centre: the reference; where that is not finite, the eager root's value. budget: how far from the centre is allowed.
    accepted: the kinds (bits NAN to FINITE) that an element may have; more than one bit is a contested element.
    answers: for integers and booleans, the values that are right; more than one where an element is contested.
    """

    dtype: np.dtype[Any]
    reference: np.ndarray
    rounded: np.ndarray
    eager: np.ndarray | None
    centre: np.ndarray
    budget: np.ndarray
    accepted: np.ndarray
    answers: tuple[np.ndarray, ...]
    contested: int

    @property
    def exact(self) -> bool:
        """Whether the values are integers or booleans, for which there is no rounding."""
        return not is_float(self.dtype)


@dataclass(frozen=True)
class Expectation:
    """What every path's outputs for one case are judged by."""

    outputs: Mapping[str, ExpectedOutput]

    @property
    def reference(self) -> dict[str, np.ndarray]:
        return {name: output.reference for name, output in self.outputs.items()}

    @property
    def eager(self) -> dict[str, np.ndarray]:
        """The eager root's outputs; empty where the root itself is judged."""
        return {name: output.eager for name, output in self.outputs.items() if output.eager is not None}

    @property
    def budget(self) -> dict[str, np.ndarray]:
        return {name: output.budget for name, output in self.outputs.items()}

    @property
    def contested(self) -> int:
        """How many elements have more than one right answer."""
        return sum(output.contested for output in self.outputs.values())


def expectation(
    reference_runs: Sequence[Arrays],
    eager_runs: Sequence[Arrays],
    dtype: str,
    *,
    nudged_runs: Sequence[Arrays] = (),
    scale: Arrays = MappingProxyType({}),
) -> Expectation:
    """Return what outputs are judged by; run 0 is the case, the others are at `perturbed` inputs or weights.

    eager_runs[i] is the eager root at what reference_runs[i] was given; there may be fewer. With none, which is how a
    root is judged itself, the budget comes from the reference alone.
    nudged_runs: the reference at the inputs of `perturbation.nudged_runs`. Where it jumps even there, the case lies
    exactly on an edge (a tie of round, argmax or a comparison); on an edge perturbed runs excuse nothing.

    An element's budget is CONSTANT[dtype] times the greatest of three: the eager root's error over its runs; the
    change of the reference over the perturbed runs; eps times the reference or, where that is given and greater, times
    `scale`: the magnitude of the terms whose sum the element is (LayerSpec.scale). The first two are at least their
    root mean square along the last axis, so that a luckily exact element is not held to zero. The budget is never below
    the smallest normal number, because results may be flushed to zero.
    Where the reference is not finite but the eager root is, the root's own runs and its magnitude along the last axis
    stand in for it: there is nothing else that shows how it rounds.

    The kinds NaN, +inf, -inf and finite are strict where all runs agree (the reference rounded to the output's dtype).
    Where they do not, or the budget reaches across the greatest number, each of them is right: a contested element.
    The same holds for integers and booleans: exact, and any of the runs' answers where they disagree off an edge.

    Raises ValueError if the runs differ in names or shapes, or for a dtype that has no constant.
    """
    if dtype not in CONSTANT:
        raise ValueError(f"expectation: no constant for dtype {dtype!r}; expected one of {', '.join(CONSTANT)}")
    if not 0 < len(reference_runs) >= len(eager_runs):
        raise ValueError(
            f"expectation: {len(reference_runs)} reference runs for {len(eager_runs)} eager runs; "
            "give the case itself first, and a reference run for every eager run"
        )
    shapes = {name: np.shape(array) for name, array in reference_runs[0].items()}
    for label, runs in (("reference", reference_runs), ("eager", eager_runs), ("nudged", nudged_runs)):
        for index, run in enumerate(runs):
            found = {name: np.shape(array) for name, array in run.items()}
            if found != shapes:
                raise ValueError(f"expectation: {label} run {index} gives {found}; reference run 0 gives {shapes}")
    outputs = {}
    with np.errstate(all="ignore"):
        for name in shapes:
            stacked = _stacked(name, reference_runs, eager_runs, nudged_runs, dtype)
            floats = is_float(stacked.found)
            outputs[name] = _float_output(stacked, scale.get(name)) if floats else _exact_output(stacked)
    return Expectation(outputs)


def kinds_of(array: np.ndarray) -> np.ndarray:
    """Return for every element one of the bits NAN, POSITIVE_INFINITY, NEGATIVE_INFINITY, FINITE."""
    kinds = np.full(array.shape, FINITE, dtype=np.uint8)
    if not np.isfinite(array).all():
        kinds[np.isnan(array)] = NAN
        kinds[array == np.inf] = POSITIVE_INFINITY
        kinds[array == -np.inf] = NEGATIVE_INFINITY
    return kinds


@dataclass(frozen=True)
class _Limits:
    eps: float
    smallest: float
    greatest: float


@functools.cache
def _limits(dtype: np.dtype[Any]) -> _Limits:
    found = limits(dtype)
    return _Limits(eps=float(found.eps), smallest=float(found.smallest_normal), greatest=float(found.max))


@dataclass(frozen=True)
class _Runs:
    """Every run of one output, stacked: axis 0 is the run. precision: the case's dtype. found: the output's."""

    references: np.ndarray
    eagers: np.ndarray
    nudges: np.ndarray
    precision: np.dtype[Any]
    found: np.dtype[Any]


def _stacked(
    name: str,
    reference_runs: Sequence[Arrays],
    eager_runs: Sequence[Arrays],
    nudged_runs: Sequence[Arrays],
    precision: str,
) -> _Runs:
    references = np.array([run[name] for run in reference_runs])
    eagers = np.array([run[name] for run in eager_runs]) if eager_runs else references[:0]
    nudges = np.array([run[name] for run in nudged_runs]) if nudged_runs else references[:0]
    native = np.dtype(precision) if is_float(references.dtype) else references.dtype
    return _Runs(references, eagers, nudges, np.dtype(precision), eagers.dtype if eager_runs else native)


def _largest(errors: np.ndarray) -> np.ndarray:
    """Return the greatest finite error over the runs; 0 where there is none."""
    if not np.isfinite(errors).all():
        errors = np.where(np.isfinite(errors), errors, 0.0)
    return np.asarray(np.maximum.reduce(errors, axis=0, initial=0.0))


def _spread(errors: np.ndarray) -> np.ndarray:
    """Return the errors, each at least the root mean square along the last axis."""
    if errors.ndim == 0 or errors.shape[-1] < 2:
        return errors
    peak = np.maximum.reduce(errors, axis=-1, keepdims=True) + np.finfo(np.float64).tiny
    squares = np.add.reduce(np.square(errors / peak), axis=-1, keepdims=True)
    return np.asarray(np.maximum(errors, peak * np.sqrt(squares / errors.shape[-1])))


def _centre(references: np.ndarray, eagers: np.ndarray) -> np.ndarray:
    """Return the reference; where it is not finite, the eager root's value, else that of a perturbed run."""
    centre = references[0, ...]
    for run in (*eagers[:1], *references[1:], *eagers[1:]):
        if np.isfinite(centre).all():
            break
        centre = np.where(np.isfinite(centre), centre, run)
    return np.asarray(centre)


def _float_output(runs: _Runs, scale: np.ndarray | None) -> ExpectedOutput:
    references, eagers = runs.references.astype(np.float64, copy=False), runs.eagers.astype(np.float64)
    finest, centre = _limits(runs.precision), _centre(references, eagers)
    lost = ~np.isfinite(references[0])
    changes = np.abs(references[1:] - centre)
    sensitivity = _largest(changes)
    if lost.any():
        sensitivity = np.where(lost, np.maximum(sensitivity, _largest(np.abs(eagers[1:] - centre))), sensitivity)
    edges = np.zeros(centre.shape, dtype=bool)
    if len(runs.nudges):
        edges = _largest(np.abs(runs.nudges - centre)) > _JUMP * sensitivity
        edges &= np.isfinite(changes).any(axis=0)
        edges |= np.logical_or.reduce(np.isfinite(runs.nudges) != np.isfinite(references[0]), axis=0)
        sensitivity[edges] = 0.0
    observed = np.maximum(sensitivity, _largest(np.abs(eagers - references[: len(eagers)])))
    magnitude = np.abs(centre) if scale is None else np.maximum(np.abs(centre), np.abs(scale))
    magnitude = np.where(np.isfinite(magnitude), magnitude, 0.0)
    magnitude = np.where(lost, _spread(magnitude), magnitude) if lost.any() else magnitude
    error = np.maximum(_spread(observed), finest.eps * magnitude)
    budget = np.maximum(CONSTANT[runs.precision.name] * error, finest.smallest)
    reach = OVERFLOW_REACH / finest.eps * _spread(sensitivity)
    accepted = _accepted_kinds(runs, edges=edges, centre=centre, budget=budget, reach=reach)
    return ExpectedOutput(
        dtype=runs.found,
        reference=references[0, ...],
        rounded=references[0, ...].astype(runs.found),
        eager=runs.eagers[0, ...] if len(eagers) else None,
        centre=centre,
        budget=budget,
        accepted=accepted,
        answers=(),
        contested=int(np.add.reduce(np.bitwise_count(accepted) > 1, axis=None)),
    )


def _accepted_kinds(
    runs: _Runs, *, edges: np.ndarray, centre: np.ndarray, budget: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    greatest = _limits(runs.found).greatest
    farthest = np.abs(runs.references).max(initial=0.0) + budget.max(initial=0.0)
    if farthest <= greatest and reach.max(initial=0.0) <= greatest and np.isfinite(runs.eagers).all():
        return np.full(centre.shape, FINITE, dtype=np.uint8)
    at_references, at_eagers = kinds_of(runs.references.astype(runs.found)), kinds_of(runs.eagers)
    at_case = np.bitwise_or.reduce([at_references[0], *at_eagers[:1]])
    at_all = np.bitwise_or.reduce([*at_references, *at_eagers])
    accepted = np.asarray(np.where(edges, at_case, at_all))
    known = np.isfinite(centre)
    accepted[known & (centre + budget > greatest)] |= POSITIVE_INFINITY
    accepted[known & (centre - budget < -greatest)] |= NEGATIVE_INFINITY
    accepted[known & (np.abs(centre) - budget <= greatest)] |= FINITE
    accepted[known & (reach > greatest)] |= ANY_KIND
    return accepted


def _exact_output(runs: _Runs) -> ExpectedOutput:
    reference = runs.references[0, ...]
    edges = (runs.nudges != reference).any(axis=0)
    candidates = [*runs.eagers[:1], *(np.where(edges, reference, run) for run in runs.references[1:])]
    answers = [answer for answer in candidates if (answer != reference).any()]
    contested = np.any([answer != reference for answer in answers], axis=0)
    return ExpectedOutput(
        dtype=runs.found,
        reference=reference,
        rounded=reference.astype(runs.found),
        eager=runs.eagers[0, ...] if len(runs.eagers) else None,
        centre=reference,
        budget=np.zeros(reference.shape),
        accepted=np.full(reference.shape, FINITE, dtype=np.uint8),
        answers=(reference, *answers),
        contested=int(contested.sum()),
    )
