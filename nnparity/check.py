"""One check, in six steps: draw (the caller), expect, convert, run, compare and classify, record (the caller)."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnparity import op_counts
from nnparity.bench import Bench
from nnparity.cache import Made
from nnparity.compare import Comparison, Problem, compare
from nnparity.discovery import Route
from nnparity.divergence import judge
from nnparity.evidence import described
from nnparity.judging import otherwise, yardstick
from nnparity.layers import Case, relation_of, rounded
from nnparity.oracle import EXACT, Oracle
from nnparity.outcome import Failure, Outcome, Stage, Status, Verdict
from nnparity.related import Side, compare_related

TOGETHER = 16  # cases in one call: the way to the worker and back costs as much as a small run
SHOWN = {Verdict.FAIL, Verdict.XPASS}
RanByDigest = dict[str, "Ran"]


@dataclass(frozen=True)
class Ran:
    """What one run gave. seconds: the run alone. elapsed: with loading, and the way to the worker and back.

    megabytes: the most that the worker held while it loaded the model.
    """

    outputs: Mapping[str, Any]
    seconds: float
    elapsed: float
    megabytes: int


@dataclass
class Trail:
    """What the steps of one path left behind. ran: what runs of the model gave, by the digest of their case."""

    ran: RanByDigest
    op_counts: dict[str, Mapping[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    megabytes: dict[str, int] = field(default_factory=dict)
    run_microseconds: float = math.nan
    accuracy_loss: float = math.nan

    def add(self, step: str, made: Made) -> None:
        self.op_counts[step] = made.operators
        self.seconds[step] = made.seconds
        if made.megabytes:
            self.megabytes[step] = made.megabytes

    def ran_for(self, route: Route, ran: Ran) -> None:
        self.seconds.setdefault(route.runtime, ran.elapsed)
        self.megabytes.setdefault(route.runtime, ran.megabytes)
        self.run_microseconds = ran.seconds * 1e6


def check_all(cases: Sequence[Case], route: Route, bench: Bench, oracle: Oracle) -> Iterator[tuple[Case, Outcome]]:
    """Yield what `check` says of every case of one model; those after the first that runs share their calls.

    A call that fails for several cases is repeated for each alone: a case answers for nothing but itself.
    """
    waiting, runs = list(cases), False
    ran: RanByDigest = {}
    while waiting:
        count = TOGETHER if runs else 1
        together, waiting = waiting[:count], waiting[count:]
        if runs:
            _run_together(together, route, bench, oracle, ran)
        for case in together:
            outcome = check(case, route, bench, oracle, ran)
            runs = outcome.stage is Stage.COMPARE
            yield case, outcome


def check(case: Case, route: Route, bench: Bench, oracle: Oracle, ran: RanByDigest | None = None) -> Outcome:
    """Return what happened to the case on the path, judged against what is known; a path's fault never raises.

    ran: what earlier runs of the same model on the same path gave; what this check runs is added.
    """
    trail = Trail({} if ran is None else ran)
    window: Mapping[str, Any] = {}
    try:
        comparison = _compared(case, route, bench, oracle, trail)
    except Failure as failure:
        values: dict[str, Any] = {
            "stage": failure.stage,
            "status": failure.status,
            "component": failure.component,
            "detail": failure.detail,
        }
    else:
        window = comparison.window
        values = {
            "stage": Stage.COMPARE,
            "status": Status.MATCH if comparison.matches else Status.MISMATCH,
            "max_abs": comparison.max_abs,
            "max_ulp": comparison.max_ulp,
            "error_over_budget": comparison.error_over_budget,
            "detail": comparison.detail,
            "accuracy_loss": trail.accuracy_loss,
        }
    outcome = Outcome(
        case=case.id,
        layer=case.layer,
        config=case.config,
        path=route.steps,
        open_axes=case.open_axes,
        witness=case.witness,
        relation=case.relation,
        op_counts=trail.op_counts,
        op_total={step: op_counts.total(counts) for step, counts in trail.op_counts.items()},
        seconds=trail.seconds,
        megabytes=trail.megabytes,
        run_microseconds=trail.run_microseconds,
        **values,
    )
    judged = _judged(outcome, case, route, bench, oracle)
    # Known divergences are explained, and there are thousands of them in a run; their witnesses stand for them.
    if judged.verdict in SHOWN or (case.witness and judged.verdict in {Verdict.XFAIL, Verdict.ALLOWED}):
        judged = replace(judged, evidence={"inputs": described(case.inputs), **({"window": window} if window else {})})
    if judged.verdict not in {Verdict.PASS, Verdict.UNSUPPORTED, Verdict.NOT_RUN}:
        return replace(judged, reproduce=f"nnparity run --case {case.id} --path '{route.id}'")
    return judged


def _judged(outcome: Outcome, case: Case, route: Route, bench: Bench, oracle: Oracle) -> Outcome:
    """Return the outcome with its verdict; FAIL where a known divergence cannot say whether it applies."""
    covering = []
    for entry in bench.known_on(case.layer, route.steps) if outcome.status is not Status.NOT_RUN else ():
        try:
            with np.errstate(all="ignore"):
                applies = any(entry.applies(one) for one in oracle.runs_of(case))
            covering += [entry] if applies else []
        except Exception as problem:  # noqa: BLE001 a known divergence may raise anything; the other cases still run
            said = (
                f"asking the known divergence {entry.id} in {bench.content.known_files[entry.id]} whether it applies: "
                f"{type(problem).__name__}: {problem}; correct its `applies`"
            )
            detail = f"{said}. What it was asked about: {outcome.detail}" if outcome.detail else said
            return replace(outcome.judged(Verdict.FAIL, entry.id), detail=detail)
    return judge(outcome, covering, lambda entry: bench.content.binds(entry, route))


def _compared(case: Case, route: Route, bench: Bench, oracle: Oracle, trail: Trail) -> Comparison:
    bench.refuse_dtype(case, route)
    if case.relation:
        return _related(case, route, bench, oracle, trail)
    made = _made(case, route, bench, trail)
    held_to = yardstick(case, route, made, bench, oracle)
    trail.accuracy_loss = held_to.accuracy_loss
    outputs = _outputs(case, made, route, bench, trail)
    comparison = compare(outputs, held_to.expectation)
    if not comparison.matches:
        others = (compare(outputs, expected) for expected in otherwise(case, held_to, route, oracle))
        comparison = next((one for one in others if one.matches), comparison)
    is_eager_root = route.steps == (route.root, bench.content.eager(route.root))
    if case.layer in bench.content.given or not is_eager_root or not comparison.matches:
        return comparison
    # The eager root is part of its own budget, so it is judged once more where it is not: in float64.
    exact = replace(
        case, config={**case.config, "dtype": EXACT}, inputs=rounded(case.inputs, EXACT), open_axes=case.open_axes
    )
    again = Trail(trail.ran)
    made = _made(exact, route, bench, again)
    return compare(_outputs(exact, made, route, bench, again), oracle.bare_expectation(exact))


def _related(case: Case, route: Route, bench: Bench, oracle: Oracle, trail: Trail) -> Comparison:
    runs = oracle.runs_of(case)
    if len(runs) == 1:
        said = f"the relation {case.relation!r} of {case.layer} says nothing about the inputs of the case {case.id}"
        raise Failure(Stage.COMPARE, Status.ERROR, said, component=case.layer)
    made = _made(case, route, bench, trail)
    relation = relation_of(case, bench.content.layers[case.layer])
    if made.representation in bench.content.meanings and not relation.same_numbers:
        said = f"the relation {case.relation!r} ties different numbers, which a quantised model rounds to other steps"
        raise Failure(Stage.COMPARE, Status.UNSUPPORTED, said, component=route.runtime)
    _run(made, runs, route, bench, trail.ran)
    held_to = [yardstick(one, route, made, bench, oracle, bare=True) for one in runs]
    first, second = (
        Side(trail.ran[run.digest].outputs, one.expectation) for run, one in zip(runs, held_to, strict=True)
    )
    trail.ran_for(route, trail.ran[runs[1].digest])
    comparison = compare_related(relation, held_to[0].case, first, second)
    return comparison if comparison.matches else replace(comparison, problems=_about(case, comparison.problems))


def _about(case: Case, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(replace(problem, text=f"relation {case.relation!r}: {problem.text}") for problem in problems)


def _outputs(case: Case, made: Made, route: Route, bench: Bench, trail: Trail) -> Mapping[str, Any]:
    _run(made, [case], route, bench, trail.ran)
    trail.ran_for(route, trail.ran[case.digest])
    return trail.ran[case.digest].outputs


def _run_together(cases: Sequence[Case], route: Route, bench: Bench, oracle: Oracle, ran: RanByDigest) -> None:
    """Run what the cases need in one call; if that fails, nothing is kept of it."""
    with contextlib.suppress(Failure):
        oracle.expectations([case for case in cases if not case.relation], route.root)
        needed = [one for case in cases for one in oracle.runs_of(case)]
        _run(_made(cases[0], route, bench, Trail(ran)), needed, route, bench, ran)


def _run(made: Made, cases: Sequence[Case], route: Route, bench: Bench, ran: RanByDigest) -> None:
    """Add to `ran` what is not yet there of these cases of one model."""
    missing = {case.digest: case for case in cases if case.digest not in ran}
    if not missing:
        return
    started = time.perf_counter()
    runs = bench.run(made, route.runtime, [case.inputs for case in missing.values()])
    elapsed = (time.perf_counter() - started) / len(missing)
    for digest, outputs in zip(missing, runs.outputs, strict=True):
        ran[digest] = Ran(outputs, runs.seconds, elapsed, runs.megabytes)


def _made(case: Case, route: Route, bench: Bench, trail: Trail) -> Made:
    """Return what the path's runtime loads."""
    made = bench.build(case, route.root)
    trail.add(route.root, made)
    for name in route.conversions:
        made = bench.convert(made, name)
        trail.add(name, made)
    compiled = bench.compile(made, route.runtime)
    if compiled is not made:
        trail.add(route.runtime, compiled)
    return compiled
