"""What one lane does with a unit, here in a thread or in another process, such as a cluster's executor starts."""

from __future__ import annotations

import atexit
import functools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.check import check_all
from nnparity.discovery import Route
from nnparity.environments import Environments
from nnparity.layers import Case
from nnparity.options import load_content
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.plan import Model

Key = tuple[str, str]


@dataclass(frozen=True)
class Unit:
    """What one lane takes at a time: one model, and the paths to take it along."""

    model: Model
    routes: tuple[Route, ...]


def outcomes_of(
    unit: Unit,
    bench: Bench,
    oracle: Oracle,
    *,
    required: Collection[str] = (),
    recorded: Collection[Key] = (),
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Case, Outcome]]:
    """Yield the outcome of every case on every path of the unit that is not recorded yet, until `stopped` says so."""
    for route in unit.routes:
        cases = [case for case in unit.model.cases if (case.id, route.id) not in recorded]
        for case, outcome in check_all(cases, route, bench, oracle):
            yield case, demanded(outcome, required)
            if stopped():
                return


def demanded(outcome: Outcome, required: Collection[str]) -> Outcome:
    """Return the outcome, a FAIL if a required component did not run."""
    missing = next((name for name in outcome.path if name in required), None)
    if outcome.status is Status.NOT_RUN and missing is not None:
        return replace(outcome.judged(Verdict.FAIL), detail=f"{missing} is required, but: {outcome.detail}")
    return outcome


@dataclass(frozen=True)
class Elsewhere:
    """A lane for any executor: it is sent whole to another process, which makes a bench of its own and keeps it.

    The other process needs nnparity, these content folders, and a cache folder with the environments built.
    """

    models: tuple[Path, ...] = ()
    converters: tuple[Path, ...] = ()
    required: tuple[str, ...] = ()
    recorded: frozenset[Key] = frozenset()

    def __call__(self, unit: Unit) -> list[tuple[Case, Outcome]]:
        bench, oracle = _bench_of_this_process(self.models, self.converters)
        return list(outcomes_of(unit, bench, oracle, required=self.required, recorded=self.recorded))


@functools.cache
def _bench_of_this_process(models: tuple[Path, ...], converters: tuple[Path, ...]) -> tuple[Bench, Oracle]:
    content = load_content(models, converters)
    cache = cache_folder()
    bench = Bench(content, Environments(content.environments, cache), ArtifactCache(cache))
    atexit.register(bench.close)
    return bench, Oracle(bench)
