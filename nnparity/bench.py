"""What a check runs on: environments, their workers and the cache of artifacts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from nnparity.cache import MAKE_ROOM, ArtifactCache, Made, digest, digest_of_files
from nnparity.contracts import Arrays, CompilingRuntime, CutOperator, Operator, Start, TensorSpec, Wanted
from nnparity.discovery import Component, Content, Route
from nnparity.divergence import KnownDivergence
from nnparity.dtypes import DISTRIBUTION
from nnparity.environments import BuildFailed, Environments
from nnparity.errors import UserError
from nnparity.frames import joined, split
from nnparity.given import Given, ReadModel, read_model
from nnparity.layers import Case
from nnparity.loading import RECIPE
from nnparity.outcome import Failure, Stage, Status
from nnparity.pool import Pool
from nnparity.processor import features
from nnparity.remote import CallFailed, LocalWorker, ProcessWorker, Worker
from nnparity.roots import write_given, write_root
from nnparity.sources import Sources
from nnparity.worker import ARTIFACT

SESSIONS_KEPT = 12


@dataclass(frozen=True)
class Limits:
    """What one call may take before its worker is killed."""

    convert_seconds: float = 300.0
    load_seconds: float = 300.0
    run_seconds: float = 60.0
    memory_bytes: int = 8 * 2**30


@dataclass
class Tally:
    """Conversions and compilations that this bench made, and those that the cache had."""

    made: int = 0
    cached: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, fresh: bool) -> None:
        with self.lock:
            self.made += fresh
            self.cached += not fresh


@dataclass(frozen=True)
class Runs:
    """What a model gave. seconds: of one run. megabytes: the most that the worker held while it loaded the model."""

    outputs: list[dict[str, np.ndarray]]
    seconds: float
    megabytes: int


class Bench:
    """Builds, converts, compiles and runs; every failure comes out as a Failure with its stage and status."""

    def __init__(
        self,
        content: Content,
        environments: Environments,
        cache: ArtifactCache,
        *,
        jobs: int = 1,
        limits: Limits = Limits(),
        in_process: frozenset[str] = frozenset(),
    ) -> None:
        self.content = content
        self.environments = environments
        self.tally = Tally()
        self._cache = cache
        self._jobs = jobs
        self.limits = limits
        self._in_process = in_process
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._keys: dict[tuple[str, str, str], str] = {}  # what is asked for to its place in the cache
        self._known: dict[tuple[str, tuple[str, ...]], tuple[KnownDivergence, ...]] = {}
        self._sources = Sources(content.shared)
        self._compiling = {
            name: one.kind.compiles_to
            for name, one in content.runtimes.items()
            if isinstance(one.kind, CompilingRuntime)
        }

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill every worker."""
        with self._lock:
            self._closed = True
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def refuse_dtype(self, case: Case, route: Route) -> None:
        """Raise Failure, UNSUPPORTED, for the first step in whose environment NumPy does not have the case's dtype."""
        needed = DISTRIBUTION.get(case.config["dtype"])
        if needed is None:
            return
        steps = [(Stage.BUILD, self.content.eager(route.root))]
        steps += [*((Stage.CONVERT, name) for name in route.conversions), (Stage.LOAD, route.runtime)]
        for stage, name in steps:
            environment = self.content.components[name].environment
            built = None if name in self._in_process else self.environments.installed(environment)
            if built is not None and needed not in built.versions:
                detail = f"environment {environment} has no {needed}, and NumPy no {case.config['dtype']}; add it there"
                raise Failure(stage, Status.UNSUPPORTED, detail, component=name)

    def build(self, case: Case, root: str) -> Made:
        """Return the case's layer as the root framework's model. Stage BUILD."""
        layer = self.content.layers[case.layer]
        if case.layer in self.content.given:
            return self._build_given(case, root, self.content.given[case.layer])
        if root not in layer.build:
            raise Failure(Stage.BUILD, Status.UNSUPPORTED, f"{layer.name} is not written in {root}", component=root)
        eager = self.content.runtimes[self.content.eager(root)]
        layer_file = self.content.layer_files[case.layer]
        known = ("build", case.model_text, root)
        if known not in self._keys:
            self._keys[known] = digest(
                *known, self._sources.digest(layer_file), self._family_key(root), self._where(eager)
            )
        origin = self._keys[known]
        # The recipe names the layer's file, so its place counts.
        key = digest("root", origin, str(layer_file.resolve()))
        found = self._found(key)
        if found is not None:
            return replace(found, origin=origin)
        scratch = self._cache.scratch()
        try:
            write_root(scratch, case, root, layer=layer, layer_file=layer_file)
        except Failure:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        request = {"op": "build", "source": str(scratch), "source_key": key, "target": str(scratch)}
        return replace(self._make(key, scratch, request, eager, Stage.BUILD), origin=origin)

    def _build_given(self, case: Case, root: str, given: Given) -> Made:
        read = given.read_as(case.config, case.open_axes)
        runtime = self.content.runtimes[given.runtime]
        key = digest("given", read.key, case.model_text, self._family_key(root), self._where(runtime))
        found = self._found(key)
        if found is not None:
            return found
        scratch = self._cache.scratch()
        write_given(scratch, case, read)
        request = {"op": "build", "source": str(scratch), "source_key": key, "target": str(scratch)}
        return self._make(key, scratch, request, runtime, Stage.BUILD)

    def read_given(self, start: Component[Start], wanted: Wanted) -> ReadModel:
        """Return what the start reads, left in a folder that goes with this process. Raises CallFailed or Failure."""
        folder = self._cache.scratch()
        request = {"op": "start", "start": str(start.file), "wanted": asdict(wanted), "target": str(folder)}
        with self._worker(start, Stage.BUILD, unstaged=True) as worker:
            header, _ = worker.call(request, {}, seconds=self.limits.convert_seconds)
        files = sorted(file for file in folder.iterdir() if file.name != RECIPE)
        recipe = json.loads((folder / RECIPE).read_text(encoding="utf-8")) if (folder / RECIPE).exists() else {}
        texts = (self._sources.digest(start.file), self._where(start), json.dumps(recipe, sort_keys=True))
        key = digest(*texts, *(file.name for file in files), digest_of_files(files))
        return read_model(folder, key=key, dtype=header["dtype"], bounds=header["bounds"])

    def take(self, content: Content) -> None:
        """Go on with this content, which differs in its layers and given models only."""
        self.content = content
        self._known.clear()

    def convert(self, source: Made, name: str) -> Made:
        """Return the artifact converted. Stage CONVERT."""
        component = self.content.conversions[name]
        return self._derive("convert", source, component, component.kind.target, Stage.CONVERT)

    def compile(self, source: Made, name: str) -> Made:
        """Return the artifact as the runtime's own ahead-of-time work leaves it. Stage LOAD."""
        if name not in self._compiling:
            return source
        return self._derive("compile", source, self.content.runtimes[name], self._compiling[name], Stage.LOAD)

    def run(self, source: Made, name: str, sets: Sequence[Arrays]) -> Runs:
        """Return the outputs for each set of inputs. Stages LOAD and RUN."""
        component = self.content.runtimes[name]
        session = f"{name}:{source.key}"
        names = list(sets[0])
        request = {"op": "run", "session": session, "sets": len(sets), "inputs": names}
        with self._worker(component, Stage.LOAD, session) as worker:
            megabytes = self._load(worker, component, source, session)
            with self._staged(Stage.RUN, name):
                header, outputs = worker.call(request, joined(sets), seconds=self.limits.run_seconds)
            self._unload_oldest(worker)
        return Runs(split(outputs, len(sets)), float(header["seconds"]), megabytes)

    def run_once(self, source: Made, name: str, sets: Sequence[Arrays]) -> list[dict[str, np.ndarray]]:
        """Return what `run` gives, from the cache if it ran before: for what measures, not for what is checked."""
        component = self.content.components[name]
        data = (
            part for one in sets for key, array in one.items() for part in (_described(key, array), array.tobytes())
        )
        key = digest(
            "run",
            source.origin or source.key,
            name,
            self._sources.digest(component.file),
            self._where(component),
            *data,
        )
        outputs = self._cache.runs.get(key)
        if outputs is None:
            outputs = self.run(source, name, sets).outputs
            self._cache.runs.keep(key, outputs)
        return outputs

    def draw(self, made: Made, step: str) -> tuple[list[str], list[Operator]] | None:
        """Return the names of a model's inputs and its operators, drawn where the step that made it runs.

        None where nothing draws the representation. Raises Failure if drawing fails.
        """
        file = self.content.drawing_files.get(made.representation)
        if file is None:
            return None
        kept = made.folder / f"drawn-{self._sources.digest(file)[:16]}.json"
        if not kept.exists():
            component = self.content.components[self.content.eager(step) if step in self.content.roots else step]
            request = {"op": "draw", "source": str(made.folder), "source_key": made.key}
            with self._worker(component, Stage.LOAD) as worker, self._staged(Stage.LOAD, component.name):
                header, _ = worker.call(request, {}, seconds=self.limits.load_seconds)
            whole = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}")
            whole.write_text(json.dumps([header["inputs"], header["operators"]]), encoding="utf-8")
            whole.replace(kept)
        inputs, operators = json.loads(kept.read_text(encoding="utf-8"))
        return inputs, [
            Operator(name, tuple(takes), tuple(gives), tuple(shapes), within)
            for name, takes, gives, shapes, within in operators
        ]

    def operators(self, made: Made) -> tuple[dict[str, list[str]], list[CutOperator]]:
        """Return the names of a model's `inputs` and `outputs`, and its operators, where its representation is cut."""
        header, _ = self._asked_of_cut(made, {"op": "operators"}, {})
        operators = [
            CutOperator(kind, name, tuple(takes), tuple(gives), tuple(apart), source)
            for kind, name, takes, gives, apart, source in header["operators"]
        ]
        return {kind: header[kind] for kind in ("inputs", "outputs")}, operators

    def cut(self, made: Made, takes: Sequence[TensorSpec], gives: Sequence[str], example: Arrays) -> Made:
        """Return the part of the model that computes `gives` from `takes`. example: inputs of the whole model."""
        component = self.content.cuts[made.representation]
        specs = [[spec.name, spec.dtype, list(spec.shape)] for spec in takes]
        text = json.dumps([specs, list(gives), {name: array.shape for name, array in sorted(example.items())}])
        origin = made.origin or made.key
        key = digest("cut", origin, text, self._sources.digest(component.file), self._where(component))
        found = self._found(key)
        if found is not None:
            return found
        scratch = self._cache.scratch()
        request = {"op": "cut", "source": str(made.folder), "source_key": made.key, "target": str(scratch)}
        return self._make(
            key, scratch, {**request, "takes": specs, "gives": list(gives)}, component, Stage.LOAD, arrays=example
        )

    def trusted(
        self, made: Made, sets: Sequence[Arrays], *, exact: bool, moved: int = 0
    ) -> list[dict[str, np.ndarray]]:
        """Return what is right for each set of inputs, by what the representation's cut trusts. Raises Failure."""
        request = {"op": "trust", "exact": exact, "moved": moved, "sets": len(sets), "inputs": list(sets[0])}
        _, outputs = self._asked_of_cut(made, request, joined(sets))
        return split(outputs, len(sets))

    def _asked_of_cut(self, made: Made, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        component = self.content.cuts[made.representation]
        asked = {**request, "source": str(made.folder), "source_key": made.key}
        with self._worker(component, Stage.RUN) as worker, self._staged(Stage.RUN, component.name):
            return worker.call(asked, arrays, seconds=self.limits.load_seconds)

    def steps_of(self, made: Made) -> Mapping[str, float]:
        """Return the size of one step of each output of a quantised model."""
        steps: Mapping[str, float] = json.loads((made.folder / ARTIFACT).read_text(encoding="utf-8")).get("steps", {})
        return steps

    def versions(self, name: str) -> Mapping[str, str]:
        """Return the installed versions where the component or root runs; empty if that is not built."""
        component = self.content.components.get(self.content.eager(name) if name in self.content.roots else name)
        built = self.environments.installed(component.environment) if component else None
        return built.versions if built else {}

    def holds_here(self, entry: KnownDivergence) -> bool:
        """Return whether the entry speaks about what is installed here, and about this processor."""
        return entry.holds_with(self.versions(entry.component), features())

    def known_on(self, layer: str, steps: tuple[str, ...]) -> tuple[KnownDivergence, ...]:
        """Return the known divergences that speak about the layer on the path with what is installed here."""
        asked = (layer, steps)
        if asked not in self._known:
            self._known[asked] = tuple(
                entry for entry in self.content.known if entry.covers(layer, steps) and self.holds_here(entry)
            )
        return self._known[asked]

    def _load(self, worker: Worker, component: Component[Any], source: Made, session: str) -> int:
        """Load the model unless that is done; return the megabytes that the worker held at most while it was."""
        if session in worker.loaded:
            return worker.loaded[session]
        request = {
            "op": "load",
            "component": component.name,
            "session": session,
            "source": str(source.folder),
            "source_key": source.key,
        }
        with self._staged(Stage.LOAD, component.name):
            header, _ = worker.call(request, {}, seconds=self.limits.load_seconds)
        worker.loaded[session] = int(header["megabytes"])
        return worker.loaded[session]

    def _unload_oldest(self, worker: Worker) -> None:
        """Keep at most SESSIONS_KEPT; a runtime that dies of unloading has answered, and only costs a new worker."""
        with contextlib.suppress(CallFailed):
            while len(worker.loaded) > SESSIONS_KEPT:
                oldest = next(iter(worker.loaded))
                worker.call({"op": "unload", "session": oldest}, {}, seconds=self.limits.run_seconds)
                del worker.loaded[oldest]

    def _derive(self, verb: str, source: Made, component: Component[Any], target: str, stage: Stage) -> Made:
        known = (verb, source.origin or source.key, component.name)
        if known not in self._keys:
            self._keys[known] = digest(
                *known, self._sources.digest(component.file), self._family_key(target), self._where(component)
            )
        key = self._keys[known]
        found = self._found(key)
        if found is not None:
            return found
        scratch = self._cache.scratch()
        request = {
            "op": verb,
            "component": component.name,
            "source": str(source.folder),
            "source_key": source.key,
            "target": str(scratch),
        }
        return self._make(key, scratch, request, component, stage)

    def _found(self, key: str) -> Made | None:
        found = self._cache.get(key)
        if found is not None:
            self.tally.count(fresh=False)
        if isinstance(found, Failure):
            raise found
        return found

    def _make(
        self,
        key: str,
        scratch: Path,
        request: Mapping[str, Any],
        component: Component[Any],
        stage: Stage,
        *,
        arrays: Arrays = MappingProxyType({}),
    ) -> Made:
        seconds = self.limits.convert_seconds if stage is not Stage.LOAD else self.limits.load_seconds
        try:
            with self._worker(component, stage) as worker, self._staged(stage, component.name):
                worker.call(request, arrays, seconds=seconds)
            self._sources.require_unchanged()
            self.tally.count(fresh=True)
            return self._cache.keep(key, scratch)
        except Failure as failure:
            self._sources.require_unchanged()
            if not self._closed:  # a worker that we killed on leaving says nothing about its component
                self._cache.fail(key, failure)
            if failure.status is not Status.NOT_RUN:
                self.tally.count(fresh=True)
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @contextlib.contextmanager
    def _worker(
        self, component: Component[Any], stage: Stage, session: str = "", *, unstaged: bool = False
    ) -> Iterator[Worker]:
        local = component.name in self._in_process
        name = component.name if local else component.environment
        missing = self.content.supply_missing(component.name) or self.environments.why_missing(component.environment)
        if missing:
            raise Failure(stage, Status.NOT_RUN, missing, component=component.name)
        with self._lock:
            if self._closed:
                raise Failure(stage, Status.NOT_RUN, "the run is ending", component=component.name)
            if name not in self._pools:
                start = self._start_local if local else self._start_process
                self._pools[name] = Pool(lambda: start(component.environment), limit=1 if local else self._jobs)
            pool = self._pools[name]
        staged = contextlib.nullcontext() if unstaged else self._staged(stage, component.name)
        with staged, pool.lease(session) as worker:
            yield worker

    def _start_process(self, environment: str) -> Worker:
        try:
            interpreter = self.environments.build(environment).interpreter
        except BuildFailed as problem:
            raise CallFailed(Status.NOT_RUN, str(problem), lost=True) from problem
        return ProcessWorker(
            interpreter,
            **self._served(environment),
            variables=self.environments.specs[environment].variables or {},
            memory_bytes=self.limits.memory_bytes,
        )

    def _start_local(self, environment: str) -> Worker:
        packages = str(next((self.environments.build(environment).folder / "lib").glob("python*/site-packages")))
        if packages not in sys.path:
            sys.path.append(packages)
        return LocalWorker(**self._served(environment))

    @contextlib.contextmanager
    def _staged(self, stage: Stage, component: str) -> Iterator[None]:
        """Turn a failed call into a Failure at this stage; a worker that is gone takes its sessions along."""
        try:
            yield
        except CallFailed as problem:
            if problem.no_space:
                raise UserError(f"{component}, in stage {stage.value}: {problem.detail}; {MAKE_ROOM}") from problem
            if problem.module and self.content.given:
                said = self.why_no_module(problem.module, component)
                raise Failure(stage, Status.NOT_RUN, said, component=component) from problem
            raise Failure(stage, problem.status, problem.detail, component=component) from problem

    def why_no_module(self, module: str, component: str) -> str:
        """Return what the user can do where a module is not installed that a component or the user's file imports."""
        environment = {**self.content.components, **self.content.starts}[component].environment
        own = self.environments.stands_in(environment)
        if own is not None:
            lacking = self.environments.lacking(environment) or (module.partition(".")[0],)
            way = f"{own} -m pip install {' '.join(lacking)}"
            return f"{own} has no module {module!r}, which {component} needs; install it there ({way})"
        return (
            f"{component} runs in nnparity's environment {environment}, which has no module {module!r} that the model "
            "imports; --python INTERPRETER takes your own environment for the model's framework"
        )

    def _served(self, environment: str) -> dict[str, dict[str, str]]:
        """Return the files that a worker of the environment serves from, by name."""
        components = self.content.components.items()
        return {
            "components": {name: str(one.file) for name, one in components if one.environment == environment},
            "representations": {name: str(file) for name, file in self.content.representation_files.items()},
            "drawings": {name: str(file) for name, file in self.content.drawing_files.items()},
            "cuts": {name: str(one.file) for name, one in self.content.cuts.items()},
        }

    def _where(self, component: Component[Any]) -> str:
        """Return what decides where the component runs: beside other packages, in this process, it may do otherwise.

        So it may with another program of the user's; without one there is nothing to tell apart.
        """
        key = self.environments.key(component.environment)
        supply = self.content.supply(component.name)
        key = digest(key, supply) if supply else key
        return f"{key} in process" if component.name in self._in_process else key

    def _family_key(self, representation: str) -> str:
        file = self.content.representation_files.get(representation)
        return self._sources.digest(file) if file else ""


def _described(name: str, array: np.ndarray) -> str:
    return f"{name} {array.dtype.str} {array.shape}"
