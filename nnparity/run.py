"""Runs cases over paths in lanes, and hands every outcome on as it comes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from nnparity.bench import Bench
from nnparity.check import check
from nnparity.discovery import Route
from nnparity.divergence import KnownDivergence
from nnparity.layers import Case
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.plan import Model

Key = tuple[str, str]
Each = Callable[[Case, Outcome], None]


@dataclass(frozen=True)
class Unit:
    """What one lane takes at a time: one model, and the paths to take it along."""

    model: Model
    routes: tuple[Route, ...]

    @property
    def checks(self) -> int:
        return len(self.model.cases) * len(self.routes)


def units_of(models: Iterable[Model], routes: Sequence[Route], recorded: Collection[Key] = ()) -> Iterator[Unit]:
    """Yield the work that is not yet recorded.

    Every second unit takes the paths from the middle on, so that two lanes do not want the same environment.
    """
    middle = len(routes) // 2
    for index, model in enumerate(models):
        ordered = tuple(routes) if index % 2 == 0 else (*routes[middle:], *routes[:middle])
        left = tuple(route for route in ordered if any((case.id, route.id) not in recorded for case in model.cases))
        if left:
            yield Unit(model, left)


def witness_units(known: Iterable[KnownDivergence], routes: Sequence[Route], bench: Bench) -> Iterator[Unit]:
    """Yield every known divergence's witness on the paths that the entry speaks about."""
    for entry in known:
        if entry.witness.layer not in bench.content.layers or not entry.versions_hold(bench.versions(entry.component)):
            continue
        concerned = tuple(route for route in routes if entry.on_path(route.steps))
        if concerned:
            yield Unit(Model(entry.witness.layer, (replace(entry.witness, witness=True),)), concerned)


def run(
    units: Iterable[Unit],
    bench: Bench,
    oracle: Oracle,
    each: Each,
    *,
    jobs: int,
    required: Collection[str] = (),
    recorded: Collection[Key] = (),
    executor: Executor | None = None,
) -> None:
    """Check every unit; `each` is called in the caller's thread, one outcome at a time.

    executor: anything that follows concurrent.futures; by default one thread for each of `jobs` lanes.
    """
    outcomes: queue.SimpleQueue[tuple[Case, Outcome] | Future[None]] = queue.SimpleQueue()
    stopped = threading.Event()

    def lane(unit: Unit) -> None:
        for route in unit.routes:
            for case in unit.model.cases:
                if stopped.is_set():
                    return
                if (case.id, route.id) not in recorded:
                    outcomes.put((case, demanded(check(case, route, bench, oracle), required)))

    own = executor or ThreadPoolExecutor(jobs, thread_name_prefix="lane")
    waiting = iter(units)
    running: set[Future[None]] = set()

    def submit() -> None:
        for unit in waiting:
            future = own.submit(lane, unit)
            running.add(future)
            future.add_done_callback(outcomes.put)
            return

    try:
        for _ in range(jobs):
            submit()
        while running:
            arrived = outcomes.get()
            if isinstance(arrived, Future):
                running.discard(arrived)
                arrived.result()
                submit()
            else:
                each(*arrived)
    finally:
        stopped.set()
        if running:
            bench.close()
        if executor is None:
            own.shutdown(wait=True, cancel_futures=True)


def demanded(outcome: Outcome, required: Collection[str]) -> Outcome:
    """Return the outcome, a FAIL if a required component did not run."""
    missing = next((name for name in outcome.path if name in required), None)
    if outcome.status is Status.NOT_RUN and missing is not None:
        return replace(outcome.judged(Verdict.FAIL), detail=f"{missing} is required, but: {outcome.detail}")
    return outcome
