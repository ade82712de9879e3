"""Models of the user's own as the engine takes them: in place of layers, with cases, and held to themselves."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from hypothesis.strategies import nothing

from nnparity.bench import Bench
from nnparity.contracts import Arrays, Config, Wanted
from nnparity.discovery import Content, Route
from nnparity.divergence import KnownDivergence
from nnparity.errors import UserError, nearest
from nnparity.given import Given, ReadModel
from nnparity.lanes import Unit
from nnparity.layers import Case, LayerSpec, Signature
from nnparity.matching import itself
from nnparity.measure import Measure
from nnparity.oracle import Oracle
from nnparity.outcome import Failure
from nnparity.own_inputs import fitted, models_of, said_of, sizes_in
from nnparity.own_said import said_of_model
from nnparity.own_target import Shapes, Target, read_target, sizes_of
from nnparity.plan import Model
from nnparity.remote import CallFailed

ANY_LAYER = "*"


@dataclass(frozen=True)
class Own:
    """One model of the user's, ready to be checked. models: its cases."""

    name: str
    given: Given
    models: tuple[Model, ...]

    @property
    def sample(self) -> Case:
        return self.models[0].cases[0]


@dataclass(frozen=True)
class Plan:
    """What is run. only: the paths of one model, where there are several. notes: what is said at the end.

    known: the known divergences of all layers.
    """

    owns: Sequence[Own]
    oracle: Oracle
    routes: tuple[Route, ...]
    only: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    known: Sequence[KnownDivergence] = ()

    def units(self) -> list[Unit]:
        """Return the work, a path of a model at a time."""
        return [
            Unit(model, (route,))
            for own in self.owns
            for route in self.only.get(own.name, self.routes)
            for model in own.models
        ]


@dataclass(frozen=True)
class Reader:
    """Reads models with the options of the command, and says what it waits for."""

    bench: Bench
    options: Mapping[str, Any]
    say: Callable[[str], None]

    def read(self, target: Target, shapes: Shapes, real: Arrays | None) -> Own:
        """Return the model with its cases. Raises UserError."""
        given = self.given(target, shapes, real)
        read = given.native
        for line in said_of(read) if real is None else ():
            self.say(line)
        sizes = sizes_of(read, shapes if real is None else Shapes({}, {}))
        return self.own(target.name, given, sizes, real)

    def own(self, name: str, given: Given, sizes: Mapping[str, int], real: Arrays | None) -> Own:
        """Return the model with cases at these sizes, or the user's, and with the runtime that it is measured by."""
        read, options = given.native, self.options
        if real is not None:
            real = fitted(real, read)
            sizes = {**sizes, **sizes_in(real, read.inputs)}
        drawn = models_of(name, read, sizes, count=options["count"], seed=options["seed"], real=real)
        given = replace(given, closed=self._closed(given, drawn[0].cases[0].inputs))
        return defined(Own(name, given, tuple(drawn)), self.bench, self.say)

    def _closed(self, given: Given, inputs: Arrays) -> ReadModel | None:
        """Return the model with the axes that it leaves open closed at the sizes of the inputs."""
        if not given.native.open_axes:
            return None
        shapes = {name: array.shape for name, array in inputs.items()}
        start = self.bench.content.starts[given.start]
        try:
            read = self.bench.read_given(start, replace(given.wanted, closed=True, shapes=shapes))
        except CallFailed:  # the model as it is was read, and is what is checked then
            return None
        return None if read.open_axes else read

    def given(self, target: Target, shapes: Shapes, real: Arrays | None) -> Given:
        """Return the model as a start reads it. Raises UserError."""
        options, told = self.options, shapes if real is None else shapes.of_arrays(real)
        wanted = Wanted(
            path=str(target.path.absolute()),
            member=target.member,
            shapes=told.shapes,
            dtypes=told.dtypes,
            trust=options["trust"],
            megabytes=options["megabytes"],
            nodes=options["nodes"],
        )
        return read_target(target, wanted, self.bench, options["python"], self.say)


def defined(own: Own, bench: Bench, say: Callable[[str], None]) -> Own:
    """Return the model with the first runtime that runs it as its own framework does, in float64 if one can.

    Raises UserError if none runs it.
    """
    start = bench.content.starts[own.given.start].kind
    content = bench.content
    refusals: list[str] = []
    bench.environments.build_all([content.runtimes[name].environment for name in start.defined_by], say)
    for runtime in start.defined_by:
        for exact in (own.given.exact, None) if own.given.exact else (None,):
            why_not = own.given.why_not or "; ".join(refusals)
            moved = () if exact else _moved(own.given, bench)
            given = replace(own.given, runtime=runtime, exact=exact, why_not="" if exact else why_not, moved=moved)
            tried = replace(own, given=given)
            bench.take(content_with([tried], content))
            try:
                oracle_of([tried], bench).expectations([own.sample], given.root)
            except Failure as failure:
                refusals.append(f"{runtime}{' in float64' if exact else ''}: {failure.detail.splitlines()[0]}")
            else:
                return tried
    raise UserError(
        f"{own.given.target}: its own framework does not run it on {_shapes_of(own.sample.inputs)}: "
        f"{'; '.join(refusals)}; give other sizes with --shape, or real inputs with --inputs"
    )


def _moved(given: Given, bench: Bench) -> tuple[ReadModel, ...]:
    """Return the model with its weights moved, twice; nothing where its start cannot move them."""
    start = bench.content.starts[given.start]
    try:
        return tuple(bench.read_given(start, replace(given.wanted, moved=seed)) for seed in (1, 2))
    except CallFailed:
        return ()


def content_with(owns: Sequence[Own], content: Content) -> Content:
    """Return the content with these models in place of its layers; of what is known, what is about any layer stays."""
    return replace(
        content,
        layers={own.name: _layer(own) for own in owns},
        layer_files={own.name: Path(own.given.target) for own in owns},
        given={own.name: own.given for own in owns},
        found={},
        known=tuple(
            replace(entry, applies=_if_it_can_say(entry.applies)) for entry in content.known if entry.layer == ANY_LAYER
        ),
    )


def oracle_of(owns: Sequence[Own], bench: Bench) -> Oracle:
    """Return the oracle for models that are each held to themselves."""
    measures = {}
    for own in owns:
        read = own.given.native
        measures[own.name] = Measure(bench, own.sample, itself(tuple(spec.name for spec in read.inputs), read.outputs))
    return Oracle(bench, measures)


def _if_it_can_say(applies: Callable[[Case], bool]) -> Callable[[Case], bool]:
    """Return the same question, answered no where it asks for a key of a config that only layers have."""

    def asked(case: Case) -> bool:
        try:
            return applies(case)
        except (KeyError, IndexError):
            return False

    return asked


def _layer(own: Own) -> LayerSpec:
    def reference(config: Config, weights: Arrays, inputs: Arrays) -> NoReturn:
        raise TypeError(f"{own.name} is measured by {own.given.runtime}, not computed here")

    def build(config: Config, weights: Arrays) -> NoReturn:
        raise TypeError(f"{own.name} is read, not built")

    reference.__doc__ = said_of_model(own.given)
    read = own.given.native
    return LayerSpec(
        name=own.name,
        source=own.given.target,
        catches="what becomes of a model of your own",
        configs=nothing(),
        signature=lambda config: Signature(read.inputs, read.outputs),
        inputs=lambda config: nothing(),
        weights=lambda config, rng: {},
        reference=reference,
        build={own.given.root: build},
    )


def routes_from(content: Content, globs: Sequence[str], *, everything: bool) -> tuple[Route, ...]:
    """Return the paths that fit one of the globs, of those on demand only what the globs name.

    A glob that only paths on demand fit names them all.

    Without any glob, all that are not on demand and not the measure itself.

    Raises UserError for a glob that no path fits.
    """
    for glob in globs:
        if not any(_fits(route, glob) for route in content.routes):
            steps = {step for route in content.routes for step in route.steps[1:]}
            raise UserError(f"--to {glob!r}: fits none of {len(content.routes)} paths; {nearest(glob, steps)}")
    if globs:
        chosen: set[Route] = set()
        for glob in globs:
            fitting = {route for route in content.routes if _fits(route, glob)}
            chosen |= {one for one in fitting if everything or _is_asked_for(one, globs, content)} or fitting
        return tuple(route for route in content.routes if route in chosen)
    return tuple(
        route
        for route in content.routes
        if (everything or not content.is_on_demand(route)) and route.steps != (route.root, content.eager(route.root))
    )


def _is_asked_for(route: Route, globs: Sequence[str], content: Content) -> bool:
    """Return whether no step of the path is on demand but those that a glob fits, or that a whole path is given."""
    rare = [step for step in route.steps if step in content.on_demand]
    whole = any(">" in glob and _fits(route, glob) for glob in globs)
    return whole or all(any(fnmatch.fnmatchcase(step, glob) for glob in globs) for step in rare)


def _fits(route: Route, glob: str) -> bool:
    return any(fnmatch.fnmatchcase(text, glob) for text in (route.id, ">".join(route.steps[1:]), *route.steps[1:]))


def _shapes_of(arrays: Arrays) -> str:
    return ", ".join(f"{name} {tuple(array.shape)}" for name, array in sorted(arrays.items()))
