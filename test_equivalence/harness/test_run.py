"""Every check that is left is made exactly once, in however many lanes; what a lane raises ends the run."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity import lanes
from nnparity.discovery import Route
from nnparity.lanes import Unit, outcomes_of
from nnparity.layers import Case
from nnparity.outcome import Outcome, Stage, Status, Verdict
from nnparity.plan import Model
from nnparity.run import run, run_elsewhere, units_of

Key = tuple[str, str]
ROUTES = tuple(Route("toy", (), f"runtime{number}") for number in range(5))


class Bench:
    """What `run` asks of a bench when it leaves."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


def models_of(sizes: list[int]) -> list[Model]:
    return [
        Model(
            "toy",
            tuple(Case("toy", {"batch": 1, "model": index}, 0, {"x": np.full(1, number)}) for number in range(size)),
        )
        for index, size in enumerate(sizes)
    ]


def questions_of(models: list[Model]) -> list[Key]:
    return [(case.id, route.id) for model in models for case in model.cases for route in ROUTES]


def checked(cases: list[Case], route: Route, *_: object) -> Iterator[tuple[Case, Outcome]]:
    for case in cases:
        yield case, Outcome(case.id, case.layer, case.config, route.steps, Stage.COMPARE, Status.MATCH, Verdict.PASS)


@pytest.fixture(scope="module", autouse=True)
def check_without_a_bench() -> Any:
    """Let every check match."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lanes, "check_all", checked)
        yield


def collected(answer: Callable[[Case, Outcome], None], units: Any, *, jobs: int, recorded: Any = ()) -> None:
    bench: Any = Bench()
    run(units, bench, bench, answer, jobs=jobs, recorded=recorded)
    assert not bench.closed.is_set()


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), max_size=6), st.integers(1, 4), st.data())
def test_every_check_that_is_left_is_made_once(sizes: list[int], jobs: int, data: st.DataObject) -> None:
    models = models_of(sizes)
    questions = questions_of(models)
    recorded = data.draw(st.sets(st.sampled_from(questions)), label="recorded") if questions else set()
    units = list(units_of(models, ROUTES, recorded))
    asked: Counter[Key] = Counter()
    threads = set()

    def each(case: Case, outcome: Outcome) -> None:
        assert case.id == outcome.case
        asked[outcome.key] += 1
        threads.add(threading.current_thread())

    collected(each, units, jobs=jobs, recorded=recorded)
    assert asked == Counter(set(questions) - recorded)
    assert threads <= {threading.current_thread()}


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), max_size=6), st.integers(1, 3))
def test_another_executor_makes_the_same_checks(sizes: list[int], at_once: int) -> None:
    models = models_of(sizes)
    asked: Counter[Key] = Counter()
    out = threading.Semaphore(at_once)
    bench: Any = Bench()

    def lane(unit: Unit) -> list[tuple[Case, Outcome]]:
        assert out.acquire(blocking=False), "more units are out than were asked for"
        try:
            return list(outcomes_of(unit, bench, bench))
        finally:
            out.release()

    elsewhere: Any = lane
    with ThreadPoolExecutor(4) as executor:
        run_elsewhere(
            units_of(models, ROUTES),
            elsewhere,
            lambda _, outcome: asked.update([outcome.key]),
            executor,
            at_once=at_once,
        )
    assert asked == Counter(questions_of(models))


def test_paths_of_neighbouring_units_start_in_different_places() -> None:
    first, second = units_of(models_of([1, 1]), ROUTES)
    assert first.routes[0] != second.routes[0]
    assert set(first.routes) == set(second.routes) == set(ROUTES)


@pytest.mark.parametrize("problem", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("jobs", [1, 3])
def test_what_the_recorder_raises_stops_all_lanes(problem: type[BaseException], jobs: int) -> None:
    bench: Any = Bench()
    seen: list[Outcome] = []

    def each(_: Case, outcome: Outcome) -> None:
        seen.append(outcome)
        if len(seen) == 2:
            raise problem

    with pytest.raises(problem):
        run(units_of(models_of([3] * 200), ROUTES), bench, bench, each, jobs=jobs)
    assert bench.closed.is_set()
    assert len(seen) == 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_a_lane_raises_is_raised(monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    def broken(cases: list[Case], route: Route, *_: object) -> Iterator[tuple[Case, Outcome]]:
        if cases[0].config["model"] == 1:
            raise ZeroDivisionError
        return checked(cases, route)

    monkeypatch.setattr(lanes, "check_all", broken)
    bench: Any = Bench()
    with pytest.raises(ZeroDivisionError):
        run(units_of(models_of([1] * 9), ROUTES), bench, bench, lambda *_: None, jobs=jobs)
