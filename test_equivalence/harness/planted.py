"""Plants faults in the layers' references: wrong implementations that the judge must tell from right ones.

A fault is planted by computing a layer's reference with something changed (its config, weights, inputs or outputs) and
rounding what comes out to the case's dtype: the best that an implementation with this one fault could do. The
families of faults are the files in `faults/` named for what they change; a file there named for a layer holds faults
that only this layer can have, and EXCUSED: which faults change nothing that anyone could see, with the reason.
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nnparity.budget import Expectation
from nnparity.compare import compare
from nnparity.contracts import Arrays, Config
from nnparity.dtypes import is_float
from nnparity.layers import Case, LayerSpec, rounded, weights_of
from nnparity.loading import load_file
from nnparity.oracle import EXACT, Oracle
from nnparity.outcome import Failure
from nnparity.plan import PROFILES, models_of

FAMILIES = ("config", "inputs", "outputs", "precision", "weights")
FOLDER = Path(__file__).with_name("faults")
ORDINARY_LIMIT = 1e3
NO_PLACE = (ArithmeticError, IndexError, KeyError, TypeError, ValueError)
"""What a reference raises for a config, weights or inputs that do not go together: the fault has no place there."""

ENOUGH = 3
"""In how many cases a fault is planted that is shown: what one case shows, no other can hide."""


@dataclass(frozen=True)
class Given:
    """One case in which faults are planted. right: its outputs; before: those of the case before it, if any.

    values: what each config key is in some config of the layer. Weights and inputs are float64, as the reference takes
    them.
    """

    layer: LayerSpec
    config: Config
    weights: Arrays
    inputs: Arrays
    values: Mapping[str, Sequence[Any]]
    before: Arrays | None = None

    @functools.cached_property
    def right(self) -> dict[str, np.ndarray]:
        return self.with_fault()

    def with_fault(
        self, *, config: Config | None = None, weights: Arrays | None = None, inputs: Arrays | None = None
    ) -> dict[str, np.ndarray]:
        """Return the reference's outputs in the case's dtype, with what is given here instead of the case's own."""
        with np.errstate(all="ignore"):
            outputs = self.layer.reference(config or self.config, weights or self.weights, inputs or self.inputs)
            return rounded(outputs, self.config["dtype"])


Planting = Callable[[], Arrays]
Family = Callable[[Given], Iterable[tuple[str, Planting]]]


@dataclass
class Fault:
    """How one fault fared on a layer.

    tried: cases in which it had a place. changed: those in which it changed an output.
    flagged: those where the budget from a root showed it, by root. greatest: error over budget, over all of them.
    """

    name: str
    tried: int = 0
    changed: int = 0
    flagged: dict[str, int] = field(default_factory=dict)
    greatest: float = 0.0

    @property
    def share(self) -> float:
        """The least share of the changed cases that showed it, over the roots; 0 if none did."""
        return min(self.flagged.values(), default=0) / self.changed if self.changed else 0.0

    @property
    def is_planted(self) -> bool:
        """Whether it makes another function, or should: a weight or an input is never without a reason."""
        return self.changed > 0 or (self.tried > 0 and self.name.startswith(("inputs: ", "weights: ")))

    def is_flagged(self, roots: Iterable[str]) -> bool:
        """Whether it was shown by the budget of every root."""
        return all(self.flagged.get(root) for root in roots)


@functools.cache
def family(name: str) -> ModuleType | None:
    """Return the file of faults with this name, if there is one."""
    file = FOLDER / f"{name}.py"
    return load_file(file) if file.exists() else None


def excuses(layer: str) -> Mapping[str, str]:
    """Return the layer's faults that nobody could see, by a glob over their names, with the reasons."""
    own = family(layer)
    return getattr(own, "EXCUSED", {}) if own else {}


def faults_of(given: Given) -> Iterator[tuple[str, Planting]]:
    """Yield name and planting of every fault that could have a place in this case."""
    for name in (*FAMILIES, given.layer.name):
        module = family(name)
        plant = getattr(module, "faults", None)
        for label, planting in plant(given) if plant else ():
            yield f"{name}: {label}", planting


def is_ordinary(case: Case) -> bool:
    """Whether every float input is finite and of a magnitude that comes up in practice."""
    floats = [array for array in case.inputs.values() if is_float(array.dtype)]
    return all(np.isfinite(array).all() and np.abs(array).max(initial=0.0) <= ORDINARY_LIMIT for array in floats)


def cases_of(layer: LayerSpec, *, profile: str = "ci", seed: int = 0) -> list[Case]:
    """Return the layer's cases with a fixed batch that the profile draws; no rows show no fault."""
    return [
        case
        for model in models_of(layer, PROFILES[profile], seed)
        for case in model.cases
        if not case.open_axes and not case.relation and all(array.size for array in case.inputs.values())
    ]


def fared(layer: LayerSpec, cases: Sequence[Case], oracle: Oracle, *, enough: int = ENOUGH) -> dict[str, Fault]:
    """Return, by name, how every fault fared that had a place in one of the cases.

    enough: in how many cases a fault is planted that every root's budget has shown.
    A fault counts as flagged on ordinary inputs only, but for those about NaN and infinity, which have no place there.
    """
    values = _values_of(cases)
    found: dict[str, Fault] = {}
    before: dict[str, Arrays] = {}
    for case in cases:
        expectations = _expectations(case, layer, oracle)
        exact = rounded(weights_of(layer, case.config, case.seed), EXACT)
        given = Given(
            layer, case.config, exact, rounded(case.inputs, EXACT), values, before=before.get(case.model_text)
        )
        before[case.model_text] = given.right
        for name, planting in faults_of(given):
            if not is_ordinary(case) and "NaN" not in name and "infinit" not in name:
                continue
            fault = found.get(name, Fault(name))
            if fault.changed < enough or not fault.is_flagged(expectations):
                _try(fault, planting, given, expectations)
            found[name] = fault
    return found


def _try(fault: Fault, planting: Planting, given: Given, expectations: Mapping[str, Expectation]) -> None:
    try:
        with np.errstate(all="ignore"):
            outputs = planting()
    except NO_PLACE:
        return
    fault.tried += 1
    if same(outputs, given.right):
        return
    fault.changed += 1
    for root, expectation in expectations.items():
        comparison = compare(outputs, expectation)
        if not comparison.matches:
            fault.flagged[root] = fault.flagged.get(root, 0) + 1
        fault.greatest = max(fault.greatest, comparison.error_over_budget)


def same(some: Arrays, others: Arrays) -> bool:
    """Whether the arrays are of the same names, dtypes and numbers; -0 and 0 are one, and so is every NaN."""
    return some.keys() == others.keys() and all(
        array.dtype == others[name].dtype and np.array_equal(array, others[name], equal_nan=array.dtype.kind == "f")
        for name, array in some.items()
    )


def _expectations(case: Case, layer: LayerSpec, oracle: Oracle) -> dict[str, Expectation]:
    found = {}
    for root in layer.build:
        try:
            found[root] = oracle.expectation(case, root)
        except Failure:
            continue  # a config that this framework does not have
    return found


def _values_of(cases: Iterable[Case]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {}
    for case in cases:
        for key, value in case.config.items():
            known = values.setdefault(key, [])
            if value not in known:
                known.append(value)
    return values


@dataclass(frozen=True)
class Tally:
    """What became of the faults planted in one layer. missed: not shown, and nothing says why.

    excused: not shown, with the reason. overturned: said to be invisible, but shown; or an excuse for nothing.
    """

    layer: str
    shown: tuple[Fault, ...]
    missed: tuple[Fault, ...]
    excused: Mapping[str, str]
    overturned: tuple[str, ...]

    @property
    def planted(self) -> int:
        return len(self.shown) + len(self.missed) + len(self.excused)

    @property
    def is_wrong(self) -> bool:
        return bool(self.missed or self.overturned)

    def lines(self) -> Iterator[str]:
        """Yield a line of figures, then one for each fault that is not shown."""
        yield f"{self.layer}: {len(self.shown)} of {self.planted} planted faults shown"
        for fault in self.missed:
            yield f"  MISSED {fault.name}: changed {fault.changed} cases, at most {fault.greatest:.3g} of the budget"
        for name, reason in self.excused.items():
            yield f"  not visible: {name}: {reason}"
        for name in self.overturned:
            yield f"  WRONGLY EXCUSED {name}: it is shown, or has no place; take it out of EXCUSED"


def tallied(layer: LayerSpec, faults: Mapping[str, Fault]) -> Tally:
    """Return which faults were shown by the budget of each of the layer's roots, and which excuse holds."""
    planted = {name: fault for name, fault in faults.items() if fault.is_planted}
    hidden = {name: fault for name, fault in planted.items() if not fault.is_flagged(layer.build)}
    reasons = excuses(layer.name)
    covered = {name: glob for name in planted for glob in reasons if fnmatch.fnmatchcase(name, glob)}
    return Tally(
        layer=layer.name,
        shown=tuple(fault for name, fault in planted.items() if name not in hidden),
        missed=tuple(fault for name, fault in hidden.items() if name not in covered),
        excused={name: reasons[covered[name]] for name in hidden if name in covered},
        overturned=(
            *(name for name in covered if name not in hidden),
            *(glob for glob in reasons if glob not in covered.values()),
        ),
    )


def summary(tallies: Sequence[Tally]) -> Iterator[str]:
    """Yield what all layers come to."""
    shown, planted = sum(len(tally.shown) for tally in tallies), sum(tally.planted for tally in tallies)
    invisible, missed = sum(len(tally.excused) for tally in tallies), sum(len(tally.missed) for tally in tallies)
    yield (
        f"{planted} faults planted in {len(tallies)} layers: {shown} shown, "
        f"{invisible} that nobody could see, {missed} missed"
    )
