"""The whole of `nnparity run` beside a bare loop that does the same conversions and runs, each on one core."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np

from nnparity.asked import Asked
from nnparity.bench import Bench
from nnparity.cache import ArtifactCache
from nnparity.contracts import CompilingRuntime
from nnparity.discovery import Content, Route
from nnparity.environments import Environments
from nnparity.lanes import Unit
from nnparity.layers import Case
from nnparity.outcome import Stage, Status
from nnparity.remote import THREADS
from nnparity.roots import write_root
from nnparity.store import RESULTS, Results, read_results

ROOT = Path(__file__).parents[1]
BARE = Path(__file__).with_name("bare_loop.py")
POLL_SECONDS = 0.05
# What ends the process of a bare loop, or stops it; it is left out there, which makes the bare loop's work less.
DEADLY = {Status.CRASH, Status.TIMEOUT, Status.OUT_OF_MEMORY}


@dataclass(frozen=True)
class Spent:
    """What a process and all that it started took. peak_mib: of the process itself."""

    wall: float
    cpu: float
    peak_mib: float


def spent(command: Sequence[str], variables: Mapping[str, str], *, log: Path, core: int) -> Spent:
    """Run the command on one core. Raises RuntimeError if it fails in another way than `nnparity run` may."""
    before, affinity = resource.getrusage(resource.RUSAGE_CHILDREN), os.sched_getaffinity(0)
    peak = [0.0]
    os.sched_setaffinity(0, {core})
    try:
        with open(log, "wb") as said:
            started = time.perf_counter()
            process = subprocess.Popen(command, env=dict(variables), cwd=ROOT, stdout=said, stderr=said)
    finally:
        os.sched_setaffinity(0, affinity)
    watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watch.start()
    code = process.wait()
    wall = time.perf_counter() - started
    watch.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code not in (0, 1):
        last = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command[:4])} ended with code {code}; its last words: {last}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall, cpu, peak[0])


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Keep the process's greatest resident size, which the system forgets when the process ends."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            peak[0] = int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) / 1024
        time.sleep(POLL_SECONDS)


def variables_for(cache: Path) -> dict[str, str]:
    return {**os.environ, "NNPARITY_CACHE": str(cache), "PYTHONPATH": str(ROOT)}


def nnparity_run(asked: Asked, cache: Path, out: Path, *, core: int) -> tuple[Spent, Results]:
    """Run `nnparity run` for what is asked, with one job, in a process of its own."""
    command = [sys.executable, "-m", "nnparity.cli", "run", "--jobs", "1", "--out", str(out)]
    command += ["--profile", asked.profile.name, "--seed", str(asked.seed)]
    for option, names in (("--layer", asked.layers), ("--path", [route.id for route in asked.routes])):
        command += [part for name in names for part in (option, name)]
    took = spent(command, variables_for(cache), log=out.with_suffix(".log"), core=core)
    return took, read_results(out / RESULTS)


def failed_steps(results: Results) -> int:
    """Return how many steps failed in a run of nnparity, each counted once for its model."""
    failed = {
        (one.layer, json.dumps(one.config, sort_keys=True), one.open_axes, _up_to(one.component, one.path))
        for one in results.outcomes
        if one.component in one.path
    }
    return len(failed)


def _up_to(component: str, path: tuple[str, ...]) -> tuple[str, ...]:
    return path[: path.index(component) + 1]


class BarePlan:
    """The steps of the bare loops: what a run of nnparity does for these units, less what kills a process."""

    def __init__(self, content: Content, folder: Path, results: Results) -> None:
        self._content = content
        self._folder = folder
        self._deadly = {
            (one.case, _up_to(one.component, one.path)): one.stage
            for one in results.outcomes
            if one.status in DEADLY and one.component in one.path
        }
        self._models: dict[str, Path] = {}
        self._made: set[str] = set()
        self.environments: dict[str, list[list[dict[str, str]]]] = {}
        self._needs: dict[str, set[str]] = {}

    def add(self, unit: Unit) -> None:
        """Add one unit's steps; conversions of a model that came up before are not added again."""
        steps: dict[str, dict[str, str]] = {}
        case = unit.model.cases[0]
        place = self._models.setdefault(case.model_text, self._folder / f"model{len(self._models)}")
        inputs = " ".join(self._inputs_of(one) for one in unit.model.cases)
        for route in unit.routes:
            if route.root in self._content.layers[case.layer].build:
                self._add_route(route, unit.model.cases, place, inputs, steps)
        for environment in {step["environment"] for step in steps.values()}:
            own = [step for step in steps.values() if step["environment"] == environment]
            self.environments.setdefault(environment, []).append(own)

    @property
    def order(self) -> list[str]:
        """Return the environments in an order in which every artifact is made before it is asked for."""
        return list(TopologicalSorter(self._needs).static_order())

    def _add_route(
        self, route: Route, cases: Sequence[Case], place: Path, inputs: str, steps: dict[str, dict[str, str]]
    ) -> None:
        source = place / route.root
        if not source.exists():
            source.mkdir(parents=True)
            layer, file = self._content.layers[cases[0].layer], self._content.layer_files[cases[0].layer]
            write_root(source, cases[0], route.root, layer=layer, layer_file=file)
        made_in = ""
        for index, name in enumerate((*route.conversions, route.runtime), start=2):
            component, trail = self._content.components[name], route.steps[:index]
            target = place / ">".join(trail)
            needs = self._needs.setdefault(component.environment, set())
            if made_in not in ("", component.environment):
                needs.add(made_in)
            verbs = ["convert"] if name in route.conversions else ["run"]
            if verbs == ["run"] and isinstance(component.kind, CompilingRuntime):
                verbs = ["compile", "run"]
            for verb in verbs:
                stages = {self._deadly.get((case.id, trail)) for case in cases} - {None}
                if (verb == "run" and stages) or stages - {Stage.RUN}:
                    return
                step = {
                    "id": f"{target.relative_to(self._folder)} {verb}",
                    "does": verb,
                    "environment": component.environment,
                    "component": name,
                    "file": str(component.file),
                    "source": str(source),
                    "target": str(target),
                    "inputs": inputs,
                }
                if verb == "run" or step["id"] not in self._made:
                    steps[step["id"]] = step
                if verb != "run":
                    self._made.add(step["id"])
                    source, made_in = target, component.environment

    def _inputs_of(self, case: Case) -> str:
        file = self._folder / "inputs" / f"{case.digest[:24]}.npz"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "wb") as stream:
                np.savez(stream, allow_pickle=False, **case.inputs)
        return str(file)


@dataclass(frozen=True)
class BareRun:
    """What the bare loops took together. done: how many steps succeeded. failed: what the others said, by step."""

    wall: float
    cpu: float
    done: int
    failed: Mapping[str, str]


def bare_run(content: Content, environments: Environments, plan: BarePlan, folder: Path, *, core: int) -> BareRun:
    """Run the bare loop of every environment, one after the other."""
    representations = {name: str(file) for name, file in content.representation_files.items()}
    took: list[Spent] = []
    done = 0
    failed: dict[str, str] = {}
    for name in plan.order:
        if name not in plan.environments:
            continue
        asked, reply = folder / f"{name}.json", folder / f"{name}.reply.json"
        asked.write_text(json.dumps({"representations": representations, "models": plan.environments[name]}))
        variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        variables |= {**THREADS, "PYTHONHASHSEED": "0", **(environments.specs[name].variables or {})}
        variables |= {"PYTHONPATH": str(ROOT)}
        command = [str(environments.build(name).interpreter), "-s", str(BARE), str(asked), str(reply)]
        took.append(spent(command, variables, log=folder / f"{name}.log", core=core))
        answer = json.loads(reply.read_text(encoding="utf-8"))
        done += len(answer["done"])
        failed |= answer["failed"]
    return BareRun(sum(one.wall for one in took), sum(one.cpu for one in took), done, failed)


def units_of(asked: Asked, content: Content, environments: Environments, cache: Path) -> Iterator[Unit]:
    """Yield the units that `nnparity run` checks for what is asked."""
    with Bench(content, environments, ArtifactCache(cache)) as bench:
        yield from asked.units(bench, set())
