"""How long a worker takes to answer, and how many checks a minute are made on one path with two lanes."""

from __future__ import annotations

import contextlib
import functools
import operator
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

import numpy as np

from nnparity.bench import Bench, Limits
from nnparity.cache import ArtifactCache
from nnparity.discovery import Content, Route
from nnparity.environments import Environments
from nnparity.layers import Case, LayerSpec
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome
from nnparity.plan import Model, Profile, models_of
from nnparity.remote import ProcessWorker
from nnparity.run import run, units_of
from nnparity.store import ResultsWriter

PATH = "torch>onnx_from_torch_legacy>onnxruntime_cpu"
LAYER = "softmax"
LANES = 2
ROUND_TRIPS = 500
CONFIGS, MODELS, INPUTS = 30, 4, 150
SEED, WARM_SEED = 1, 2


@dataclass(frozen=True)
class Rate:
    """Checks made and the seconds that they took: wall, CPU of this process, CPU of all its workers."""

    checks: int
    wall: float
    host: float
    workers: float

    @property
    def a_minute(self) -> float:
        return 60 * self.checks / self.wall

    def __str__(self) -> str:
        host, workers = (1000 * seconds / self.checks for seconds in (self.host, self.workers))
        return f"{self.a_minute:6.0f} a minute; CPU ms each: host {host:.2f}, workers {workers:.2f}"

    def __add__(self, other: Rate) -> Rate:
        return Rate(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


Rates = dict[str, Rate]


def path_of(content: Content) -> Route:
    return next(route for route in content.routes if route.id == PATH)


def median_ms(call: Callable[[], object]) -> float:
    """Return the median wall time of a call in milliseconds, the first tenth not counted."""
    times = []
    for _ in range(ROUND_TRIPS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[ROUND_TRIPS // 10 :])


def ping_ms(content: Content, environments: Environments) -> float:
    """Return the round trip of a message with an array of 100 numbers to a worker."""
    built = environments.build(content.runtimes[path_of(content).runtime].environment)
    memory = Limits().memory_bytes
    worker = ProcessWorker(built.interpreter, components={}, representations={}, variables={}, memory_bytes=memory)
    array = {"x": np.arange(100, dtype=np.float32)}
    try:
        return median_ms(lambda: worker.call({"op": "ping"}, array, seconds=60))
    finally:
        worker.close()


def run_ms(content: Content, bench: Bench) -> float:
    """Return the round trip of one run of a small session."""
    route = path_of(content)
    case = next(models_of(content.layers[LAYER], Profile("one", configs=1, inputs=1, open_configs=0), SEED)).cases[0]
    made = bench.build(case, route.root)
    for name in route.conversions:
        made = bench.convert(made, name)
    made = bench.compile(made, route.runtime)
    return median_ms(lambda: bench.run(made, route.runtime, [case.inputs]))


def fresh_models(layer: LayerSpec, count: int, seed: int) -> Iterator[Model]:
    """Yield models with one case each, whose configs are drawn and not the layer's examples."""
    profile = Profile("fresh", configs=count, inputs=1, open_configs=0, relations=0)
    return islice(models_of(layer, profile, seed), len(layer.examples), None)


def kept_models(layer: LayerSpec, inputs: int, seed: int) -> Iterator[Model]:
    """Yield MODELS models with many cases each."""
    profile = Profile("kept", configs=MODELS, inputs=inputs, open_configs=0, relations=0)
    return islice(models_of(layer, profile, seed), MODELS)


def rates(content: Content, environments: Environments, *, configs: int, inputs: int) -> tuple[Rates, Rates, float]:
    """Return, by layer, the rates of fresh configs and of inputs on kept artifacts; and the milliseconds of a run.

    Every check is whole: drawn, expected, run in real workers, judged and recorded. Workers are started before.
    """
    route = path_of(content)
    fresh: Rates = {}
    kept: Rates = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Bench(content, environments, ArtifactCache(Path(folder)), jobs=LANES) as bench,
        ResultsWriter(Path(folder), {}) as writer,
    ):
        oracle = Oracle(bench)

        def timed(models: Iterable[Model]) -> Rate:
            checks = 0

            def each(case: Case, outcome: Outcome) -> None:
                writer.write(outcome)
                nonlocal checks
                checks += 1

            before = (time.perf_counter(), time.process_time(), worker_seconds())
            run(units_of(models, [route]), bench, oracle, each, jobs=LANES)
            after = (time.perf_counter(), time.process_time(), worker_seconds())
            wall, host, workers = (end - start for start, end in zip(before, after, strict=True))
            return Rate(checks, wall, host, workers)

        for layer in content.layers.values():
            timed(fresh_models(layer, LANES, WARM_SEED))
        for name, layer in content.layers.items():
            fresh[name] = timed(fresh_models(layer, configs, SEED))
        for name, layer in content.layers.items():
            timed(kept_models(layer, 1, SEED))
            kept[name] = timed(kept_models(layer, inputs, SEED))
        return fresh, kept, run_ms(content, bench)


def worker_seconds() -> float:
    """Return the CPU seconds of all processes that this one has started and waited for, or that still run."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            _, parent, *others = file.read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(parent) == os.getpid():
                ticks += int(others[9]) + int(others[10])
    return ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def total(rates: Rates) -> Rate:
    return functools.reduce(operator.add, rates.values())


def two_cores() -> None:
    """Leave this process, and the workers that it starts, no more than two cores."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:LANES]))
