"""Finds where on a path a case goes wrong: the step, then the operator of what the step was given."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnparity.bench import Bench
from nnparity.budget import Expectation, expectation
from nnparity.cache import Made
from nnparity.compare import Comparison, Rule, compare
from nnparity.contracts import Arrays, TensorSpec
from nnparity.discovery import Route
from nnparity.dtypes import is_float
from nnparity.judging import narrowed, yardstick
from nnparity.layers import Case, rounded
from nnparity.locate import Finding, Graph, Located, Part, locate
from nnparity.oracle import EXACT, Oracle
from nnparity.outcome import Failure, Status
from nnparity.perturbation import nudged_runs, perturbed_runs
from nnparity.worker import ARTIFACT

SEED = 0
MOVED = (1, 2, 3)
AS_WRONG = 0.5
"""How much of the outputs' error must be left without an operator's fault for it not to be the reason."""


class Blame(enum.Enum):
    """What there is to say about a case on a path."""

    OPERATOR = "operator"
    EXPORTER = "exporter"
    NOTHING = "nothing"
    NO_CUT = "no cut"


@dataclass(frozen=True)
class Trial:
    """A part of the graph, run as the path runs the whole.

    made: the part as a model. inputs, outputs: by its own names. comparison: with `trusted`, None if not compared.
    """

    finding: Finding
    part: Part
    made: Made | None = None
    inputs: Arrays = field(default_factory=dict)
    outputs: Arrays = field(default_factory=dict)
    trusted: Arrays = field(default_factory=dict)
    comparison: Comparison | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Report:
    """What was found. shown: how the case goes wrong on the path, in words.

    at: what was cut. steps: what lies between it and the outputs, and was run on every part. said: why no operator is
    named. trial: of the operators at fault. runs: how many parts were run.
    """

    blame: Blame
    shown: str
    said: str = ""
    at: Made | None = None
    steps: tuple[str, ...] = ()
    graph: Graph | None = None
    located: Located | None = None
    trial: Trial | None = None
    runs: int = 0


@dataclass(frozen=True)
class Wrong:
    """How a case goes wrong on a path: in a failure, or in what the outputs are.

    dtypes: those that outputs should have which come in another; inside, only such tensors are held to theirs.
    """

    failure: Failure | None
    comparison: Comparison | None
    dtypes: frozenset[np.dtype[Any]] = frozenset()

    @property
    def said(self) -> str:
        if self.failure is not None:
            component = self.failure.component or "the path"
            status, stage = self.failure.status.value, self.failure.stage.value
            return f"{component}: {status} in stage {stage}: {self.failure.detail}"
        return self.comparison.detail if self.comparison and not self.comparison.matches else ""

    def shown_by(self, failure: Failure) -> bool:
        """Whether a part fails as the whole does."""
        own = self.failure
        return own is not None and (own.stage, own.status, own.component) == (
            failure.stage,
            failure.status,
            failure.component,
        )


class PartTrials:
    """Cuts one model, takes every part down the rest of the path, and judges it by what the cut trusts.

    bare: whether budgets come from what is exact alone, without what is trusted in the model's own dtype.
    """

    def __init__(
        self,
        bench: Bench,
        made: Made,
        graph: Graph,
        *,
        steps: tuple[str, ...],
        case: Case,
        wrong: Wrong,
        bare: bool = False,
    ) -> None:
        self._bench = bench
        self._made = made
        self._graph = graph
        self._steps = steps
        self._dtype = str(case.config["dtype"])
        self._wrong = wrong
        self._bare = bare
        described = json.loads((made.folder / ARTIFACT).read_text(encoding="utf-8"))
        self._specs = {name: TensorSpec(name, dtype, tuple(shape)) for name, dtype, shape in described["inputs"]}
        self._inputs = {name: case.inputs[name] for name in self._specs}
        self._given, self._start = dict(self._inputs), 0
        self._values: dict[str, np.ndarray] = {}
        self._tried: dict[tuple[str, ...], Trial] = {}
        self.runs = 0

    def first(self, count: int) -> Finding:
        return self.before(count).finding

    def before(self, count: int) -> Trial:
        """Return the trial of the first operators, from the model's inputs or from where all is put right."""
        part = self._graph.up_to(self._graph.front(count), self._start)
        if not part.gives:
            return Trial(Finding.GOOD, part)
        if not self._graph.apart.isdisjoint((*part.takes, *part.gives)):
            return Trial(Finding.UNKNOWN, part)
        return self._try(part, {name: self._given[name] for name in part.takes})

    def right_up_to(self, count: int) -> bool:
        whole, front = self.before(len(self._graph.operators)), self._graph.front(count)
        if whole.comparison is None or not self._graph.apart.isdisjoint(front):
            return False
        kept = self._start, self._given
        fresh = [name for name in front if name not in self._given]
        try:
            right = self._trusted_values(fresh)
        except Failure:
            return False
        self._start, self._given = count, {**self._given, **right}
        rest = self.before(len(self._graph.operators))
        if rest.comparison is not None and _severity(rest.comparison) >= AS_WRONG * _severity(whole.comparison):
            self._values = {}
            return True
        self._start, self._given = kept
        return False

    def alone(self, operators: Collection[int]) -> Finding:
        return self.of(operators).finding

    def of(self, operators: Collection[int]) -> Trial:
        """Return the trial of these operators on the values that the path gives them."""
        part = self._graph.part(operators)
        known = not self._graph.apart.isdisjoint((*part.takes, *part.gives))
        if known or not part.gives:
            return Trial(Finding.UNKNOWN, part)
        try:
            return self._try(part, self._values_of(part.takes))
        except Failure as failure:
            return Trial(Finding.UNKNOWN, part, failure=failure)

    def _try(self, part: Part, inputs: Arrays) -> Trial:
        known = (str(self._start), *part.takes, "", *part.gives)
        if known not in self._tried:
            self._tried[known] = self._ran(part, inputs)
        return self._tried[known]

    def _ran(self, part: Part, arrays: Arrays) -> Trial:
        try:
            made = self._cut(part, arrays)
        except Failure as failure:
            return Trial(Finding.UNKNOWN, part, failure=failure)
        inputs = dict(zip(_names(made, "inputs"), arrays.values(), strict=True))
        try:
            outputs = self._through(made, inputs)
        except Failure as failure:
            same = self._wrong.shown_by(failure)
            finding = Finding.BAD if same else Finding.UNKNOWN
            return Trial(finding, part, made, inputs, failure=failure)
        if self._wrong.failure is not None:
            return Trial(Finding.GOOD, part, made, inputs, outputs)
        try:
            expected = self._expected(made, inputs)
        except Failure as failure:
            return Trial(Finding.UNKNOWN, part, made, inputs, outputs, failure=failure)
        except ValueError:  # a part whose sizes follow from values has others where its inputs are moved
            return Trial(Finding.UNKNOWN, part, made, inputs, outputs)
        outputs = {name: self._fitted(outputs[name], expected, name) for name in expected.outputs if name in outputs}
        comparison = compare(outputs, expected)
        finding = Finding.GOOD if comparison.matches else Finding.BAD
        return Trial(finding, part, made, inputs, outputs, expected.reference, comparison)

    def _cut(self, part: Part, arrays: Arrays) -> Made:
        """Return the part as a model; inputs of the whole keep the axes that it leaves open."""
        takes = [
            self._specs.get(name) or TensorSpec(name, array.dtype.name, array.shape) for name, array in arrays.items()
        ]
        return self._bench.cut(self._made, takes, part.gives, self._inputs)

    def _through(self, made: Made, inputs: Arrays) -> Arrays:
        """Return what the rest of the path makes of the part."""
        self.runs += 1
        *conversions, runtime = self._steps
        for name in conversions:
            made = self._bench.convert(made, name)
        return self._bench.run(self._bench.compile(made, runtime), runtime, [inputs]).outputs[0]

    def _values_of(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the tensors as the path computes them from the inputs; as they are trusted where it gives none."""
        missing = [name for name in names if name not in self._values and name not in self._given]
        if missing:
            made, inputs = self._computing(missing)
            trusted = self._bench.trusted(made, [inputs], exact=False)[0]
            try:
                given = self._through(made, inputs)
            except Failure:
                given = trusted
            for name, output in zip(missing, _names(made, "outputs"), strict=True):
                right = trusted[output]
                got = np.asarray(given.get(output, right))
                self._values[name] = got.reshape(right.shape).astype(right.dtype) if got.size == right.size else right
        return {name: self._given[name] if name in self._given else self._values[name] for name in names}

    def _trusted_values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        if not names:
            return {}
        made, inputs = self._computing(names)
        trusted = self._bench.trusted(made, [inputs], exact=False)[0]
        return {name: trusted[output] for name, output in zip(names, _names(made, "outputs"), strict=True)}

    def _computing(self, names: Sequence[str]) -> tuple[Made, dict[str, np.ndarray]]:
        """Return the part that computes the tensors from what is given, and its inputs."""
        part = self._graph.up_to(names, self._start)
        arrays = {name: self._given[name] for name in part.takes}
        made = self._cut(part, arrays)
        return made, dict(zip(_names(made, "inputs"), arrays.values(), strict=True))

    def _expected(self, made: Made, inputs: Arrays) -> Expectation:
        rng = np.random.default_rng(SEED)
        sets = [dict(inputs), *perturbed_runs(inputs, rng, self._dtype)]
        nudged = nudged_runs(inputs, rng, self._dtype)
        wide = [rounded(one, EXACT) for one in (*sets, *nudged)]
        runs = self._bench.trusted(made, wide, exact=True)
        native = [] if self._bare else self._bench.trusted(made, sets, exact=False)
        references = runs[: len(sets)]
        if not self._bench.content.cuts[made.representation].kind.is_exact:
            moved = (self._bench.trusted(made, wide[:1], exact=True, moved=seed)[0] for seed in MOVED)
            references += moved
        return expectation(references, native, self._dtype, nudged_runs=runs[len(sets) :])

    def _fitted(self, actual: np.ndarray, expected: Expectation, name: str) -> np.ndarray:
        """Return a tensor of the inside as it is judged: a runtime may keep it in another shape or dtype.

        Not where that is what is wrong with the path's outputs.
        """
        one, wrong = expected.outputs[name], self._wrong.comparison
        rules = {problem.rule for problem in wrong.problems} if wrong else set()
        if Rule.SHAPE not in rules and actual.size == one.reference.size:
            actual = actual.reshape(one.reference.shape)
        ours = Rule.DTYPE in rules and one.dtype in self._wrong.dtypes
        return actual if ours else actual.astype(one.dtype)


def find(case: Case, route: Route, bench: Bench, oracle: Oracle) -> Report:
    """Return what is found for the case on the path.

    Raises Failure where nothing can be said: a step is not here, or the root's model cannot be made. `shown` is ""
    where the case matches.
    """
    chain, wrong = _walked(case, route, bench, oracle)
    if not wrong.said:
        return Report(Blame.NOTHING, "", "the case matches")
    steps = (*route.conversions, route.runtime)
    cuttable = [place for place, made in enumerate(chain) if made.representation in bench.content.cuts]
    if not cuttable:
        there = ", ".join(sorted(bench.content.cuts))
        none = "nothing on the path can be cut"
        said = f"{wrong.failure.component} fails before there is anything that can be cut" if wrong.failure else none
        said = f"{said}; what can be: {there}"
        return Report(Blame.NO_CUT, wrong.said, said)
    case = narrowed(case, route.runtime, bench)
    right, said = _last_right(case, route, bench, oracle, [(place, chain[place]) for place in cuttable])
    if right is None:
        return Report(Blame.EXPORTER, wrong.said, said, chain[cuttable[0]], steps[cuttable[0] :])
    made, rest = chain[right], steps[right:]
    names, operators = bench.operators(made)
    graph = Graph(tuple(names["inputs"]), tuple(names["outputs"]), tuple(operators))
    runs = 0
    for bare in (False, True):  # what is trusted in the model's own dtype may be by the library that is at fault
        trials = PartTrials(bench, made, graph, steps=rest, case=case, wrong=wrong, bare=bare)
        located = locate(graph, trials)
        runs += trials.runs
        if located is not None or wrong.failure is not None:
            break
    if located is None:
        said = _why_nothing(trials.before(len(operators)), rest, bench)
        return Report(Blame.NOTHING, wrong.said, said, made, rest, graph, runs=runs)
    trial = trials.of(located.operators)
    if trial.finding is not Finding.BAD:
        trial = trials.before(located.crossed[-1] + 1)
    return Report(Blame.OPERATOR, wrong.said, "", made, rest, graph, located, trial, runs)


def _why_nothing(whole: Trial, steps: Sequence[str], bench: Bench) -> str:
    """Return why nothing is found where the whole graph, taken apart and written again, does not go wrong."""
    if whole.finding is Finding.GOOD and whole.made is not None:
        trusted_by = bench.content.cuts[whole.made.representation].kind.trusted_by
        return (
            f"written again, operator for operator, the same graph goes right through {' > '.join(steps)}, by "
            f"{trusted_by}: the fault is in what the model holds beside its operators, such as modules that are "
            "recognised as a whole or axes left open, or it lies between this judgement's budget and the case's"
        )
    return f"the graph cannot be taken apart: {whole.failure.detail if whole.failure else 'its outputs are no tensors'}"


def _walked(case: Case, route: Route, bench: Bench, oracle: Oracle) -> tuple[list[Made], Wrong]:
    """Return the models on the path, as far as there are any, and how the case goes wrong. Raises Failure if not."""
    made = bench.build(case, route.root)
    chain = [made]
    try:
        for name in route.conversions:
            made = bench.convert(made, name)
            chain.append(made)
        compiled = bench.compile(made, route.runtime)
        outputs = bench.run(compiled, route.runtime, [case.inputs]).outputs[0]
    except Failure as failure:
        if failure.status is Status.NOT_RUN:
            raise
        return chain, Wrong(failure, None)
    expected = yardstick(case, route, compiled, bench, oracle).expectation
    comparison = compare(outputs, expected)
    named = {problem.output for problem in comparison.problems if problem.rule is Rule.DTYPE}
    return chain, Wrong(None, comparison, frozenset(expected.outputs[name].dtype for name in named))


def _last_right(
    case: Case, route: Route, bench: Bench, oracle: Oracle, places: Sequence[tuple[int, Made]]
) -> tuple[int | None, str]:
    """Return the place of the last model before anything goes wrong, by what its cut trusts; or why there is none."""
    right, said = None, ""
    for place, made in places:
        trusted_by = bench.content.cuts[made.representation].kind.trusted_by
        try:
            outputs = bench.trusted(made, [rounded(case.inputs, EXACT)], exact=True)[0]
        except Failure as failure:
            said = said or f"{trusted_by} does not compute the {made.representation} graph: {failure.detail}"
            continue
        held_to = oracle.expectation(case, route.root)
        comparison = compare(_as_expected(outputs, held_to), held_to)
        if not comparison.matches:
            made_by = route.conversions[place - 1] if place else route.root
            same = bench.content.cuts[made.representation].environment
            shared = same == bench.content.runtimes[route.runtime].environment
            why = ", or what runs it and what is trusted share a fault" if shared else ""
            said = (
                f"the exported graph itself is another function{why}: {trusted_by}, for what {made_by} made: "
                f"{comparison.detail}"
            )
            break
        right, said = place, ""
    return right, said


def _as_expected(outputs: Arrays, expected: Expectation) -> dict[str, np.ndarray]:
    """Return trusted outputs, which are in float64, in the dtypes of those that are expected."""
    return {
        name: array.astype(expected.outputs[name].dtype)
        if name in expected.outputs and is_float(array.dtype)
        else array
        for name, array in outputs.items()
    }


def _severity(comparison: Comparison) -> float:
    """Return how wrong outputs are: the greatest error, infinite for anything else than wrong values."""
    if any(problem.rule is not Rule.VALUE for problem in comparison.problems):
        return math.inf
    return comparison.max_abs if comparison.problems else 0.0


def _names(made: Made, kind: str) -> list[str]:
    described: Mapping[str, list[object]] = json.loads((made.folder / ARTIFACT).read_text(encoding="utf-8"))
    return [str(one[0] if isinstance(one, list) else one) for one in described[kind]]
