"""Runs units in lanes, and hands every outcome on as it comes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

from nnparity.bench import Bench
from nnparity.discovery import Route
from nnparity.divergence import KnownDivergence
from nnparity.lanes import Elsewhere, Key, Unit, outcomes_of
from nnparity.layers import Case
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome
from nnparity.plan import Model

Each = Callable[[Case, Outcome], None]
Outcomes = list[tuple[Case, Outcome]]


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
        if entry.witness.layer not in bench.content.layers or not bench.holds_here(entry):
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
) -> None:
    """Check every unit in `jobs` threads; `each` is called in the caller's thread, one outcome at a time."""
    outcomes: queue.SimpleQueue[tuple[Case, Outcome] | Future[None]] = queue.SimpleQueue()
    stopped = threading.Event()

    def lane(unit: Unit) -> None:
        for outcome in outcomes_of(unit, bench, oracle, required=required, recorded=recorded, stopped=stopped.is_set):
            outcomes.put(outcome)

    waiting = iter(units)
    running: set[Future[None]] = set()
    with ThreadPoolExecutor(jobs, thread_name_prefix="lane") as lanes:

        def submit() -> None:
            unit = next(waiting, None)
            if unit is not None:
                future = lanes.submit(lane, unit)
                running.add(future)
                future.add_done_callback(outcomes.put)

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


def run_elsewhere(units: Iterable[Unit], lane: Elsewhere, each: Each, executor: Executor, *, at_once: int) -> None:
    """Check every unit on an executor that follows concurrent.futures, a cluster's or a process pool.

    At most `at_once` units are out at a time; a unit's outcomes arrive together, when it is done.
    """
    done: queue.SimpleQueue[Future[Outcomes]] = queue.SimpleQueue()
    waiting = iter(units)
    out = 0

    def submit() -> int:
        unit = next(waiting, None)
        if unit is None:
            return 0
        executor.submit(lane, unit).add_done_callback(done.put)
        return 1

    for _ in range(at_once):
        out += submit()
    while out:
        for case, outcome in done.get().result():
            each(case, outcome)
        out += submit() - 1
