"""What a case should give: the float64 reference, the eager root in the case's dtype, and the budget between them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, TypeVar

import numpy as np

from nnparity.bench import Bench
from nnparity.budget import Expectation, expectation
from nnparity.contracts import Arrays
from nnparity.layers import Case, LayerSpec, changed_by_relation, rounded, weights_of
from nnparity.measure import Measure
from nnparity.outcome import Failure, Stage, Status
from nnparity.perturbation import nudged_runs, perturbed, perturbed_runs
from nnparity.roots import layer_blamed

CASES_KEPT = 256
MODELS_KEPT = 16
EXACT = "float64"
Kept = TypeVar("Kept")


class Oracle:
    """Makes expectations and keeps the latest, since every path from a root asks for the same one."""

    def __init__(self, bench: Bench, measures: Mapping[str, Measure] | None = None) -> None:
        self._bench = bench
        self._measures = measures or {}
        self._expectations: _Latest[Expectation] = _Latest(CASES_KEPT)
        self._references: _Latest[_Reference] = _Latest(CASES_KEPT)
        self._weights: _Latest[tuple[Arrays, Arrays]] = _Latest(MODELS_KEPT)
        self._runs: _Latest[list[Case]] = _Latest(CASES_KEPT)

    def expectation(self, case: Case, root: str) -> Expectation:
        """Return what a path from this root should give. Raises Failure if the root's model cannot be made.

        By the reference alone where it is made and its own framework fails to run it: that is a fault of the framework,
        and what was converted may be free of it.
        """
        try:
            return self.expectations([case], root)[0]
        except Failure as failure:
            if (failure.stage, failure.status) != (Stage.RUN, Status.ERROR):
                raise
            return self.bare_expectation(case)

    def expectations(self, cases: Sequence[Case], root: str) -> list[Expectation]:
        """Return the expectation of every case of one model, with a single call of the eager root for all of them."""
        kept = {case.digest: self._expectations.find((case.digest, root)) for case in cases}
        missing = [case for case in cases if kept[case.digest] is None]
        made = {case.digest: one for case, one in zip(missing, self._from_root(missing, root), strict=True)}
        for key, one in made.items():
            self._expectations.keep((key, root), one)
        return [kept[case.digest] or made[case.digest] for case in cases]

    def bare_expectation(self, case: Case) -> Expectation:
        """Return what a run should give by the reference alone: how eager roots are judged, in float64."""
        return self._expectations.get((case.digest, ""), lambda: self._from_reference(case))

    def runs_of(self, case: Case) -> list[Case]:
        """Return the case as it is run: alone, and where a relation is asked about, also with the changed inputs.

        Only the case by itself where the relation says nothing about its inputs.
        """
        return self._runs.get(case.digest, lambda: self._made_runs(case)) if case.relation else [case]

    def _made_runs(self, case: Case) -> list[Case]:
        alone, changed = replace(case, relation=""), changed_by_relation(case, self._bench.content.layers[case.layer])
        return [alone] if changed is None else [alone, replace(alone, inputs=changed)]

    def _from_root(self, cases: Sequence[Case], root: str) -> Iterator[Expectation]:
        if not cases:
            return
        references = [self._reference_of(case) for case in cases]
        sets = [inputs for reference in references for inputs in reference.sets]
        runs = iter(self._eager_runs(cases[0], root, sets))
        for case, reference in zip(cases, references, strict=True):
            eager = list(islice(runs, len(reference.sets)))
            doing = f"putting the reference of {case.layer} beside its {root} build"
            with layer_blamed(Stage.COMPARE, case.layer, doing):
                made_now = reference.expectation(eager, case.config["dtype"])
            yield made_now

    def _eager_runs(self, case: Case, root: str, sets: Sequence[Arrays]) -> list[dict[str, np.ndarray]]:
        measure = self._measures.get(case.layer)
        if measure is not None:
            return measure.eager_runs(sets)
        made = self._bench.build(case, root)
        return self._bench.run_once(made, self._bench.content.eager(root), sets)

    def _from_reference(self, case: Case) -> Expectation:
        return self._reference_of(case).expectation([], case.config["dtype"])

    def _reference_of(self, case: Case) -> _Reference:
        return self._references.get(case.digest, lambda: self._made_reference(case))

    def _made_reference(self, case: Case) -> _Reference:
        if case.layer in self._measures:
            return self._measured(case, self._measures[case.layer])
        layer, dtype = self._bench.content.layers[case.layer], case.config["dtype"]
        weights, exact = self._weights.get(case.model_text, lambda: _weights_of(layer, case))
        rng = np.random.default_rng(int(case.digest[:12], 16))
        asked = dict(sorted(case.inputs.items()))  # a case's id does not know their order, so its budget must not
        sets = [asked, *perturbed_runs(asked, rng, dtype)]
        rng = np.random.default_rng(int(case.digest[12:24], 16))
        moved = [rounded(perturbed(weights, rng, dtype), EXACT)] if weights else []
        nudged = nudged_runs(asked, rng, dtype)

        def run(given: Arrays, inputs: Arrays) -> Arrays:
            return layer.reference(case.config, given, rounded(inputs, EXACT))

        doing = f"computing the reference of {layer.name}"
        with np.errstate(all="ignore"), layer_blamed(Stage.BUILD, layer.name, doing):
            return _Reference(
                sets=sets,
                runs=[*(run(exact, inputs) for inputs in sets), *(run(given, case.inputs) for given in moved)],
                nudged=[run(exact, inputs) for inputs in nudged],
                scale=layer.scale(case.config, exact, rounded(case.inputs, EXACT)) if layer.scale else {},
            )

    def _measured(self, case: Case, measure: Measure) -> _Reference:
        dtype, asked = case.config["dtype"], dict(sorted(case.inputs.items()))
        rng = np.random.default_rng(int(case.digest[:12], 16))
        sets = [asked, *perturbed_runs(asked, rng, dtype)]
        rng = np.random.default_rng(int(case.digest[12:24], 16))
        nudged = nudged_runs(asked, rng, dtype) if measure.is_exact else ()
        runs = measure.reference_runs([*sets, *nudged])
        moved = measure.moved_runs(asked)
        return _Reference(sets=sets, runs=[*runs[: len(sets)], *moved], nudged=runs[len(sets) :], scale={})


@dataclass(frozen=True)
class _Reference:
    """The reference of one case, the same for every root.

    sets: the inputs, then perturbed ones. runs: what they give, then what perturbed weights give. nudged: off an edge.
    scale: as the layer gives it, empty if it does not.
    """

    sets: Sequence[Arrays]
    runs: Sequence[Arrays]
    nudged: Sequence[Arrays]
    scale: Arrays

    def expectation(self, eager: Sequence[Arrays], dtype: str) -> Expectation:
        """Return what outputs are judged by; `eager` are the root's outputs on `sets`, or none."""
        return expectation(self.runs, eager, dtype, nudged_runs=self.nudged, scale=self.scale)


def _weights_of(layer: LayerSpec, case: Case) -> tuple[Arrays, Arrays]:
    """Return the weights, and the same in float64; every case of the model gets these, so nobody may write to them."""
    weights = weights_of(layer, case.config, case.seed)
    exact = rounded(weights, EXACT)
    for array in (*weights.values(), *exact.values()):
        array.setflags(write=False)
    return weights, exact


class _Latest(Generic[Kept]):
    """Keeps the latest values; none of them is false."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, value: Kept) -> Kept:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._count:
                self._kept.popitem(last=False)
        return value

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        return self.find(key) or self.keep(key, make())
