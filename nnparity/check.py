"""One check, in six steps: draw (the caller), expect, convert, run, compare and classify, record (the caller)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnparity import op_counts
from nnparity.bench import Bench
from nnparity.cache import Made
from nnparity.compare import Comparison, compare
from nnparity.discovery import Route
from nnparity.divergence import judge
from nnparity.layers import Case, rounded
from nnparity.oracle import EXACT, Oracle
from nnparity.outcome import Failure, Outcome, Stage, Status, Verdict


@dataclass
class Trail:
    """What the steps of one path left behind."""

    op_counts: dict[str, Mapping[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    run_microseconds: float = math.nan

    def add(self, step: str, made: Made) -> None:
        self.op_counts[step] = made.operators
        self.seconds[step] = made.seconds


def check(case: Case, route: Route, bench: Bench, oracle: Oracle) -> Outcome:
    """Return what happened to the case on the path, judged against what is known; a path's fault never raises."""
    trail = Trail()
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
        values = {
            "stage": Stage.COMPARE,
            "status": Status.MATCH if comparison.matches else Status.MISMATCH,
            "max_abs": comparison.max_abs,
            "max_ulp": comparison.max_ulp,
            "error_over_budget": comparison.error_over_budget,
            "detail": comparison.detail,
        }
    outcome = Outcome(
        case=case.id,
        layer=case.layer,
        config=case.config,
        path=route.steps,
        open_axes=case.open_axes,
        witness=case.witness,
        op_counts=trail.op_counts,
        op_total={step: op_counts.total(counts) for step, counts in trail.op_counts.items()},
        seconds=trail.seconds,
        run_microseconds=trail.run_microseconds,
        **values,
    )
    covering = [
        entry
        for entry in bench.content.known
        if entry.about_layer(case.layer)
        and entry.on_path(route.steps)
        and entry.covers(case, route.steps, bench.versions(entry.component))
    ]
    judged = judge(outcome, covering)
    if judged.verdict in {Verdict.FAIL, Verdict.XFAIL, Verdict.XPASS}:
        return replace(judged, reproduce=f"nnparity run --case {case.id} --path '{route.id}'")
    return judged


def _compared(case: Case, route: Route, bench: Bench, oracle: Oracle, trail: Trail) -> Comparison:
    expectation = oracle.expectation(case, route.root)
    outputs = _outputs(case, route, bench, trail)
    comparison = compare(outputs, expectation)
    if route.steps != (route.root, bench.content.eager(route.root)) or not comparison.matches:
        return comparison
    # The eager root is part of its own budget, so it is judged once more where it is not: in float64.
    exact = replace(
        case, config={**case.config, "dtype": EXACT}, inputs=rounded(case.inputs, EXACT), open_axes=case.open_axes
    )
    return compare(_outputs(exact, route, bench, Trail()), oracle.exact_expectation(exact))


def _outputs(case: Case, route: Route, bench: Bench, trail: Trail) -> Mapping[str, Any]:
    made = bench.build(case, route.root)
    trail.add(route.root, made)
    for name in route.conversions:
        made = bench.convert(made, name)
        trail.add(name, made)
    compiled = bench.compile(made, route.runtime)
    if compiled is not made:
        trail.add(route.runtime, compiled)
    started = time.perf_counter()
    outputs, seconds = bench.run(compiled, route.runtime, [case.inputs])
    trail.seconds.setdefault(route.runtime, time.perf_counter() - started)
    trail.run_microseconds = seconds * 1e6
    return outputs[0]
