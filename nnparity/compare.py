"""Judges the outputs of one run against what the case expects of them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnparity.budget import Expectation, ExpectedOutput, kinds_of
from nnparity.dtypes import is_float
from nnparity.evidence import around


class Rule(enum.Enum):
    """What an output can break, in the order in which it is asked."""

    CONTAINER = "container"
    MISSING = "missing"
    EXTRA = "extra"
    ARRAY = "array"
    SHAPE = "shape"
    DTYPE = "dtype"
    NON_FINITE = "places of NaN and infinity"
    VALUE = "values"


@dataclass(frozen=True)
class Problem:
    """One broken rule. output: its name; empty where no output can be named."""

    rule: Rule
    output: str
    text: str


@dataclass(frozen=True)
class Worst:
    """The element farthest beyond (or nearest to) what is allowed. allowed: greatest distance from `expected`."""

    output: str
    index: tuple[int, ...]
    expected: float
    actual: float
    allowed: float
    error_over_budget: float


@dataclass(frozen=True)
class Comparison:
    """What a comparison found. Figures are over all outputs; zeros of either sign are equal.

    elements: how many were expected. wrong: how many are beyond the budget, of the wrong kind, or not there.
    contested: how many have more than one right answer, because the reference in the output's dtype, the eager root
    and their perturbed runs disagree there about NaN or infinity (or about an integer).
    max_abs: greatest distance from the float64 reference over the elements that are finite in both.
    max_ulp: as max_abs, counted in numbers of the output's dtype from the reference rounded to it; the numbers on both
    sides of zero count, -0 and +0 are the same number, and infinity follows the greatest number.
    error_over_budget: greatest; infinite for an element of the wrong kind, a wrong integer, an output not there.
    window: where something is wrong, the values around the worst element, as JSON; empty if there is none.
    """

    problems: tuple[Problem, ...]
    elements: int
    wrong: int
    contested: int
    max_abs: float
    max_ulp: int
    error_over_budget: float
    worst: Worst | None
    window: Mapping[str, Any] = field(default_factory=dict)

    @property
    def matches(self) -> bool:
        return not self.problems

    @property
    def wrong_share(self) -> float:
        """Wrong elements over all; 0 where no elements are expected."""
        return self.wrong / self.elements if self.elements else 0.0

    @property
    def detail(self) -> str:
        """Every problem in words, and how many elements were contested; empty if there is nothing to say."""
        lines = [problem.text for problem in self.problems]
        if self.contested:
            lines.append(f"{_count(self.contested, self.elements)} contested: more than one answer is accepted there")
        return "\n".join(lines)


@dataclass(frozen=True)
class _Judged:
    """What is found on one output that is there in the right shape."""

    problems: tuple[Problem, ...]
    wrong: int
    max_abs: float
    max_ulp: int
    worst: Worst | None


def compare(actual: object, expectation: Expectation) -> Comparison:
    """Return how a run's outputs differ from the expectation; `actual` should be arrays by output name.

    Never raises for what a runtime may return: anything else than arrays by name is a problem of its own.
    """
    problems: list[Problem] = []
    given: Mapping[Any, object] = {}
    if isinstance(actual, Mapping):
        given = actual
    else:
        text = f"the outputs came as {type(actual).__name__}; expected arrays by name: {_names(expectation.outputs)}"
        problems.append(Problem(Rule.CONTAINER, "", text))
    missing = [name for name in expectation.outputs if name not in given]
    problems.extend(Problem(Rule.MISSING, name, f"output {name} is missing; got {_names(given)}") for name in missing)
    for name in given:
        if name not in expectation.outputs:
            text = f"output {name!s} was not asked for; expected {_names(expectation.outputs)}"
            problems.append(Problem(Rule.EXTRA, str(name), text))
    judged = [_judge(name, given[name], expected) for name, expected in expectation.outputs.items() if name in given]
    absent = sum(expectation.outputs[name].reference.size for name in missing)
    for output in judged:
        problems.extend(output.problems)
    worst = max((output.worst for output in judged if output.worst), key=_over, default=None)
    uncompared = any(problem.rule not in _COMPARED for problem in problems)
    return Comparison(
        problems=tuple(problems),
        elements=sum(expected.reference.size for expected in expectation.outputs.values()),
        wrong=absent + sum(output.wrong for output in judged),
        contested=expectation.contested,
        max_abs=max((output.max_abs for output in judged), default=0.0),
        max_ulp=max((output.max_ulp for output in judged), default=0),
        error_over_budget=np.inf if uncompared else worst.error_over_budget if worst else 0.0,
        worst=worst,
        window=_window(worst, given, expectation) if problems and worst else {},
    )


def _window(worst: Worst, given: Mapping[Any, Any], expectation: Expectation) -> dict[str, Any]:
    expected = expectation.outputs[worst.output]
    right = (
        expected.reference
        if expected.exact
        else np.where(np.isfinite(expected.rounded), expected.reference, expected.rounded.astype(np.float64))
    )
    return around(
        worst.output, worst.index, expected=right, got=np.asarray(given[worst.output]), allowed=expected.budget
    )


_COMPARED = {Rule.EXTRA, Rule.DTYPE, Rule.NON_FINITE, Rule.VALUE}


def ulps(*, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return how many numbers of their dtype lie from one to the other; meaningless for NaN.

    Both arrays must have the same float dtype.
    """
    signed = _SIGNED[actual.dtype.itemsize]
    mine, theirs = (
        np.where(bits < 0, np.iinfo(signed).min - bits, bits).astype(np.int64)
        for bits in (actual.view(signed), expected.view(signed))
    )
    return np.asarray(np.maximum(mine, theirs) - np.minimum(mine, theirs)).view(np.uint64)


_SIGNED: Mapping[int, type[np.signedinteger[Any]]] = {2: np.int16, 4: np.int32, 8: np.int64}


def _judge(name: str, actual: object, expected: ExpectedOutput) -> _Judged:
    problem = _not_comparable(name, actual, expected)
    if problem or not isinstance(actual, np.ndarray):
        return _Judged((problem,) if problem else (), expected.reference.size, 0.0, 0, None)
    problems = []
    if actual.dtype != expected.dtype:
        text = f"output {name} has dtype {actual.dtype}; expected {expected.dtype}"
        problems.append(Problem(Rule.DTYPE, name, text))
        if not is_float(actual.dtype) and actual.dtype.kind not in "iub":
            return _Judged(tuple(problems), actual.size, 0.0, 0, None)
    values = np.asarray(actual)
    with np.errstate(all="ignore"):
        judged = _judge_exact(name, values, expected) if expected.exact else _judge_floats(name, values, expected)
    return _Judged((*problems, *judged.problems), judged.wrong, judged.max_abs, judged.max_ulp, judged.worst)


def _not_comparable(name: str, actual: object, expected: ExpectedOutput) -> Problem | None:
    if not isinstance(actual, np.ndarray):
        text = f"output {name} is {type(actual).__name__}; expected a NumPy array of {expected.dtype}"
        return Problem(Rule.ARRAY, name, text)
    if not is_float(actual.dtype) and actual.dtype.kind not in "iubc":
        text = f"output {name} holds {actual.dtype}, which is not a number; expected {expected.dtype}"
        return Problem(Rule.ARRAY, name, text)
    if actual.shape != expected.reference.shape:
        text = f"output {name} has shape {actual.shape}; expected {expected.reference.shape}"
        return Problem(Rule.SHAPE, name, text)
    return None


def _judge_floats(name: str, actual: np.ndarray, expected: ExpectedOutput) -> _Judged:
    values = actual.astype(np.float64, copy=False)
    error = np.abs(values - expected.centre)
    distance = ulps(actual=actual.astype(expected.dtype, copy=False), expected=expected.rounded)
    ratio = error / expected.budget
    misplaced = (kinds_of(values) & expected.accepted) == 0
    beyond = np.isfinite(values) & (ratio > 1.0) & ~misplaced
    if misplaced.any() or not np.isfinite(error).all():
        compared = np.isfinite(values) & np.isfinite(expected.centre)
        error, distance, ratio = (np.where(compared, figure, 0) for figure in (error, distance, ratio))
        ratio[misplaced] = np.inf
    worst = _worst(name, ratio, actual, expected)
    max_abs, max_ulp = float(error.max(initial=0.0)), int(distance.max(initial=0))
    problems = []
    if misplaced.any():
        problems.append(Problem(Rule.NON_FINITE, name, _misplaced_text(name, misplaced, actual, expected)))
    if beyond.any() and worst:
        place = _first(np.where(beyond, ratio, -1.0))
        text = (
            f"output {name}: {_count(int(beyond.sum()), beyond.size)} beyond the budget; "
            f"greatest absolute error {max_abs:.4g} ({max_ulp} ULP of {expected.dtype}); "
            f"worst at {list(place)}: got {actual[place]!s}, expected {expected.centre[place]:.9g}, "
            f"error {error[place]:.4g}, allowed {expected.budget[place]:.4g} ({ratio[place]:.3g} times that)"
        )
        problems.append(Problem(Rule.VALUE, name, text))
    return _Judged(tuple(problems), int(misplaced.sum() + beyond.sum()), max_abs, max_ulp, worst)


def _judge_exact(name: str, actual: np.ndarray, expected: ExpectedOutput) -> _Judged:
    right = np.logical_or.reduce([actual == answer for answer in expected.answers])
    error = np.abs(actual.astype(np.float64) - expected.reference.astype(np.float64))
    ratio = np.where(right, 0.0, np.inf)
    worst = _worst(name, ratio, actual, expected)
    max_abs = float(error.max(where=np.isfinite(error), initial=0.0))
    problems = []
    wrong = int(right.size - right.sum())
    if wrong and worst:
        place = worst.index
        text = (
            f"output {name}: {_count(wrong, right.size)} differ, and {expected.dtype} must be exact; "
            f"first at {list(place)}: got {actual[place]!s}, expected {expected.reference[place]!s}"
        )
        problems.append(Problem(Rule.VALUE, name, text))
    return _Judged(tuple(problems), wrong, max_abs, 0, worst)


def _worst(name: str, ratio: np.ndarray, actual: np.ndarray, expected: ExpectedOutput) -> Worst | None:
    if not ratio.size:
        return None
    place = _first(ratio)
    return Worst(
        output=name,
        index=place,
        expected=float(expected.reference[place]),
        actual=float(actual[place]),
        allowed=float(expected.budget[place]),
        error_over_budget=float(ratio[place]),
    )


def _misplaced_text(name: str, misplaced: np.ndarray, actual: np.ndarray, expected: ExpectedOutput) -> str:
    place = _first(misplaced)
    eager = "" if expected.eager is None else f", the eager root gives {expected.eager[place]!s}"
    return (
        f"output {name}: {_count(int(misplaced.sum()), misplaced.size)} have NaN or infinity in the wrong place; "
        f"first at {list(place)}: got {actual[place]!s}, expected {expected.rounded[place]!s}{eager}"
    )


def _first(ratio: np.ndarray) -> tuple[int, ...]:
    """Return the index of the greatest element, the first one of equals."""
    return tuple(int(place) for place in np.unravel_index(int(ratio.argmax()), ratio.shape))


def _over(worst: Worst) -> float:
    return worst.error_over_budget


def _count(some: int, of: int) -> str:
    return f"{some} of {of} elements ({some / of:.1%})"


def _names(names: Mapping[Any, object]) -> str:
    return ", ".join(sorted(str(name) for name in names)) or "no outputs"
