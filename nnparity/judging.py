"""What a model's outputs are held to: the layer, the layer in a narrower dtype, or what a quantised model says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nnparity.bench import Bench
from nnparity.budget import Expectation, ExpectedOutput, kinds_of
from nnparity.cache import Made
from nnparity.contracts import Arrays
from nnparity.discovery import Route
from nnparity.dtypes import is_float, limits, named
from nnparity.layers import BUILT_IN, Case, rounded
from nnparity.oracle import Oracle
from nnparity.perturbation import perturbed_runs


@dataclass(frozen=True)
class Yardstick:
    """What the outputs for a case are held to. case: in the dtype that they are computed in.

    narrowed: whether that is coarser than the case's own. accuracy_loss: of a quantised model, how far what it says
    lies from the layer, over the range of the layer's output; NaN for all others.
    """

    case: Case
    expectation: Expectation
    accuracy_loss: float = np.nan
    narrowed: bool = False


def yardstick(case: Case, route: Route, made: Made, bench: Bench, oracle: Oracle, *, bare: bool = False) -> Yardstick:
    """Return what the outputs of the model are held to. Raises Failure if that cannot be had.

    bare: from the reference alone, without what the eager root gives.
    """
    meaning = bench.content.meanings.get(made.representation, "")
    if meaning:
        return _of_quantised(case, made, meaning, bench, oracle)
    narrow = narrowed(case, route.runtime, bench)
    expectation = oracle.bare_expectation(narrow) if bare else oracle.expectation(narrow, route.root)
    expectation = as_told(expectation, bench.content.last_digits.get(route.runtime, 0.0))
    if narrow is case:
        return Yardstick(case, expectation)
    return Yardstick(narrow, _in_dtype(expectation, case.config["dtype"]), narrowed=True)


def as_told(expectation: Expectation, last_digit: float) -> Expectation:
    """Return the same for outputs that are told as text, rounded to this unit: half of it is added to their budget."""
    if not last_digit:
        return expectation
    outputs = expectation.outputs.items()
    return Expectation({
        name: one if one.exact else replace(one, budget=one.budget + last_digit / 2) for name, one in outputs
    })


def narrowed(case: Case, runtime: str, bench: Bench) -> Case:
    """Return the case in the dtype that the runtime says it computes in, if that is coarser; else the case itself.

    Its config then says what dtype the model was built in, since the model's constants are that one's.
    """
    dtype = bench.content.computing_in.get(runtime, "")
    if not dtype or limits(dtype).eps <= limits(case.config["dtype"]).eps:
        return case
    config = {**case.config, "dtype": dtype, BUILT_IN: case.config["dtype"]}
    with np.errstate(over="ignore"):  # a number beyond the dtype is infinite in it
        return Case(case.layer, config, case.seed, rounded(case.inputs, dtype), open_axes=case.open_axes)


def otherwise(case: Case, held_to: Yardstick, route: Route, oracle: Oracle) -> Iterator[Expectation]:
    """Yield what else is right of a runtime that computes in a coarser dtype; nothing of any other.

    First what is right in the case's own dtype. Then the layer in the coarser one at inputs that are not rounded to it
    beforehand: rounding takes an input over an edge or onto one, a comparison or a tie, where budgets excuse nothing.
    """
    if held_to.narrowed:
        yield oracle.expectation(case, route.root)
        unrounded = oracle.bare_expectation(replace(held_to.case, inputs=case.inputs))
        yield _in_dtype(unrounded, case.config["dtype"])


def expectation_of_quantised(runs: Sequence[Arrays], steps: Mapping[str, float]) -> Expectation:
    """Return what a quantised model's outputs must be, given its own at the case and at perturbed inputs.

    An output may be one of its steps away, where the last quantisation rounds a tie the other way, and as far beyond as
    moves of the inputs by a unit of rounding make it go, which do the same further inside. An output without a step is
    allowed as much as the greatest step of the model: what is inside is quantised all the same.
    """
    first, widest = runs[0], max(steps.values(), default=0.0)
    outputs = {}
    for name, array in first.items():
        changes = [np.abs(run[name].astype(np.float64) - array.astype(np.float64)) for run in runs[1:]]
        budget = steps.get(name, widest) + np.max(changes, axis=0, initial=0.0) if changes else np.zeros(array.shape)
        floats = is_float(array.dtype)
        outputs[name] = ExpectedOutput(
            dtype=array.dtype,
            reference=array.astype(np.float64) if floats else array,
            rounded=array,
            eager=None,
            centre=array.astype(np.float64) if floats else array,
            budget=np.broadcast_to(budget, array.shape),
            accepted=kinds_of(array.astype(np.float64)),
            answers=() if floats else tuple(run[name] for run in runs),
            contested=0,
        )
    return Expectation(outputs)


def accuracy_loss(quantised: Arrays, reference: Arrays) -> float:
    """Return the greatest distance over the outputs' range in the reference; NaN where nothing finite has a range."""
    losses = [np.nan]
    for name in reference:
        right, got = (outputs[name].astype(np.float64) for outputs in (reference, quantised))
        finite = np.isfinite(right) & np.isfinite(got)
        span = np.ptp(right[finite]) if finite.any() else 0.0
        if span > 0.0:
            losses.append(float(np.abs(got - right)[finite].max() / span))
    return float(np.fmax.reduce(losses))


def _of_quantised(case: Case, made: Made, meaning: str, bench: Bench, oracle: Oracle) -> Yardstick:
    rng = np.random.default_rng(int(case.digest[:12], 16))
    asked = dict(sorted(case.inputs.items()))
    sets = [asked, *perturbed_runs(asked, rng, case.config["dtype"])]
    runs = bench.run_once(made, meaning, sets)
    layer = oracle.bare_expectation(case)
    if any(runs[0][name].shape != array.shape for name, array in layer.reference.items()):
        # No quantisation changes a shape: what does is held to the layer, as every other model is.
        return Yardstick(case, layer)
    loss = accuracy_loss(runs[0], layer.reference)
    return Yardstick(case, expectation_of_quantised(runs, bench.steps_of(made)), loss)


def _in_dtype(expectation: Expectation, dtype: str) -> Expectation:
    """Return the same for outputs that come in another float dtype than they were computed in."""
    outputs = {
        name: replace(one, dtype=named(dtype), rounded=one.reference.astype(named(dtype))) if not one.exact else one
        for name, one in expectation.outputs.items()
    }
    return Expectation(outputs)
