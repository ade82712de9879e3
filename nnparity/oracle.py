"""What a case should give: the float64 reference, the eager root in the case's dtype, and the budget between them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from nnparity.bench import Bench, layer_blamed
from nnparity.budget import Expectation, expectation
from nnparity.contracts import Arrays
from nnparity.layers import Case, LayerSpec, rounded, weights_of
from nnparity.outcome import Stage
from nnparity.perturbation import nudged_runs, perturbed, perturbed_runs

KEPT = 256
EXACT = "float64"


class Oracle:
    """Makes expectations and keeps the latest, since every path from a root asks for the same one."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._kept: OrderedDict[tuple[str, str], Expectation] = OrderedDict()
        self._lock = threading.Lock()

    def expectation(self, case: Case, root: str) -> Expectation:
        """Return what a path from this root should give. Raises Failure if the eager root itself cannot."""
        return self._once((case.digest, root), lambda: self._from_root(case, root))

    def exact_expectation(self, case: Case) -> Expectation:
        """Return what the eager root should give in float64: from the reference alone."""
        return self._once((case.digest, ""), lambda: self._from_reference(case))

    def _from_root(self, case: Case, root: str) -> Expectation:
        sets = self._input_sets(case)
        made = self._bench.build(case, root)
        eager, _ = self._bench.run(made, self._bench.content.eager(root), sets)
        runs, edged = self._reference_runs(case, sets)
        with layer_blamed(Stage.COMPARE, case.layer, f"putting the reference of {case.layer} beside its {root} build"):
            return expectation(runs, eager, case.config["dtype"], nudged_runs=edged)

    def _from_reference(self, case: Case) -> Expectation:
        runs, edged = self._reference_runs(case, self._input_sets(case))
        return expectation(runs, [], case.config["dtype"], nudged_runs=edged)

    def _input_sets(self, case: Case) -> list[Arrays]:
        rng = np.random.default_rng(int(case.digest[:12], 16))
        dtype = case.config["dtype"]
        return [case.inputs, *perturbed_runs(case.inputs, rng, dtype)]

    def _reference_runs(self, case: Case, sets: list[Arrays]) -> tuple[list[Arrays], list[Arrays]]:
        """Return the reference on every set of inputs, then with perturbed weights; and on nudged inputs."""
        layer = self._bench.content.layers[case.layer]
        dtype = case.config["dtype"]
        weights = weights_of(layer, case.config, case.seed)
        rng = np.random.default_rng(int(case.digest[12:24], 16))
        runs = [self._reference(layer, case, weights, inputs) for inputs in sets]
        if weights:
            runs.append(self._reference(layer, case, perturbed(weights, rng, dtype), case.inputs))
        edged = [self._reference(layer, case, weights, inputs) for inputs in nudged_runs(case.inputs, rng, dtype)]
        return runs, edged

    @staticmethod
    def _reference(layer: LayerSpec, case: Case, weights: Arrays, inputs: Arrays) -> Arrays:
        doing = f"computing the reference of {layer.name}"
        with np.errstate(all="ignore"), layer_blamed(Stage.BUILD, layer.name, doing):
            return layer.reference(case.config, rounded(weights, "float64"), rounded(inputs, "float64"))

    def _once(self, key: tuple[str, str], make: Callable[[], Expectation]) -> Expectation:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made
