"""A unit that is sent to another process comes back as it would have come out here."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from nnparity.lanes import Elsewhere
from nnparity.layers import Case
from nnparity.outcome import Outcome
from nnparity.plan import PROFILES, models_of
from nnparity.run import run_elsewhere, units_of

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World


def told(outcome: Outcome) -> dict[str, Any]:
    """Return all that an outcome says but for what is measured of the process that ran it: times and memory."""
    said = outcome.to_json()
    return {name: value for name, value in said.items() if name not in {"seconds", "run_microseconds", "megabytes"}}


def test_outcomes_from_another_process_are_the_same(built_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNPARITY_CACHE", str(built_world.cache))
    bench = built_world.bench()
    routes = [route for route in bench.content.routes if route.root == "toy"]
    models = list(models_of(bench.content.layers["toy_scale"], PROFILES["quick"], 0))[:2]
    lane = Elsewhere(models=(built_world.models,), converters=(built_world.converters,))
    there: dict[tuple[str, str], dict[str, Any]] = {}

    def each(case: Case, outcome: Outcome) -> None:
        assert case.id == outcome.case
        there[outcome.key] = told(outcome)

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        run_elsewhere(units_of(models, routes), lane, each, executor, at_once=2)
    here = {
        outcome.key: told(outcome)
        for model in models
        for route in routes
        for outcome in [built_world.check(bench, route.id, case=case) for case in model.cases]
    }
    assert there == here
