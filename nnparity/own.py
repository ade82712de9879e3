"""One `nnparity check`: the user's own model, read, measured, taken down every path from there, recorded, reported."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from hypothesis.strategies import nothing
from rich.console import Console

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.cases import save_case
from nnparity.contracts import Arrays, Config, Wanted
from nnparity.describe import describe_run
from nnparity.discovery import Content, Route
from nnparity.environments import Environments
from nnparity.errors import INTERRUPTED, NEW_FAILURE, UserError, nearest
from nnparity.given import Given
from nnparity.lanes import Unit
from nnparity.layers import Case, LayerSpec, Signature
from nnparity.matching import itself
from nnparity.measure import Measure
from nnparity.options import load_content
from nnparity.oracle import Oracle
from nnparity.outcome import Failure, Outcome
from nnparity.own_inputs import fitted, models_of, real_inputs, said_of, sizes_in
from nnparity.own_said import lines_of, said_of_model
from nnparity.own_target import Shapes, Target, read_target, sizes_of
from nnparity.plan import Model, Profile
from nnparity.progress import NEW
from nnparity.run import run
from nnparity.store import ResultsWriter, read_results
from nnparity.whole_run import KEPT_VERDICTS, write_reports

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


def check_own(**options: Any) -> int:
    """Check as the options of `nnparity check` say; return the exit code."""
    console = Console(soft_wrap=True, highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False)

    targets = [Target.parse(text) for text in options["targets"]]
    shapes = Shapes.parse(options["shapes"])
    real = real_inputs(options["inputs"]) if options["inputs"] else None
    content = load_content(options["models"], options["converters"])
    environments = Environments(content.environments, cache_folder())
    with Bench(content, environments, ArtifactCache(cache_folder()), jobs=options["jobs"]) as bench:
        (target,) = targets
        own = Reader(bench, options, say).read(target, shapes, real)
        return _checked(own, bench, options, say)


@dataclass(frozen=True)
class Reader:
    """Reads models with the options of the command, and says what it waits for."""

    bench: Bench
    options: Mapping[str, Any]
    say: Callable[[str], None]

    def read(self, target: Target, shapes: Shapes, real: Arrays | None) -> Own:
        """Return the model with its cases. Raises UserError."""
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
        given = read_target(target, wanted, self.bench, options["python"], self.say)
        read = given.native
        if real is not None:
            real = fitted(real, read)
            shapes = Shapes({**shapes.shapes, **{name: array.shape for name, array in real.items()}}, shapes.dtypes)
        sizes = sizes_of(read, shapes)
        sizes.update(sizes_in(real, read.inputs) if real is not None else {})
        drawn = models_of(target.name, read, sizes, count=options["count"], seed=options["seed"], real=real)
        return _defined(Own(target.name, given, tuple(drawn)), self.bench, self.say)


def _defined(own: Own, bench: Bench, say: Callable[[str], None]) -> Own:
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
            given = replace(own.given, runtime=runtime, exact=exact, why_not="" if exact else why_not)
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


def _checked(own: Own, bench: Bench, options: Mapping[str, Any], say: Callable[[str], None]) -> int:
    content, environments, out = bench.content, bench.environments, options["out"]
    routes = routes_from(content, options["to"], everything=options["everything"])
    environments.build_all(content.environments_on(routes), say)
    for line in (f"{own.given.target}: {said_of_model(own.given)}", *said_of(own.given.native)):
        say(line)
    profile = Profile("check", configs=0, inputs=options["count"], open_configs=0)
    facts = describe_run(content, environments, routes, profile=profile, seed=options["seed"], layers=[own.name])
    code = 0
    with ResultsWriter(out, facts, resume=False) as writer:

        def each(case: Case, outcome: Outcome) -> None:
            if outcome.verdict in KEPT_VERDICTS:
                save_case(case, out / "cases")
            writer.write(replace(outcome, reproduce=_repeat(outcome, options)))

        units = [Unit(model, (route,)) for route in routes for model in own.models]
        try:
            run(units, bench, oracle_of([own], bench), each, jobs=options["jobs"])
        except KeyboardInterrupt:
            code = INTERRUPTED
        writer.add_facts({"conversions": {"made": bench.tally.made, "cached": bench.tally.cached}})
    results = read_results(out / "results.jsonl")
    write_reports(results, out, content)
    for line in lines_of(results.outcomes, routes):
        say(line)
    say(f"report: {out / 'index.html'}")
    if code == 0 and any(outcome.verdict in NEW for outcome in results.outcomes):
        code = NEW_FAILURE
    return code


def routes_from(content: Content, globs: Sequence[str], *, everything: bool) -> tuple[Route, ...]:
    """Return the paths that fit one of the globs; without any, all that are not on demand and not the measure itself.

    Raises UserError for a glob that no path fits.
    """
    for glob in globs:
        if not any(_fits(route, glob) for route in content.routes):
            steps = {step for route in content.routes for step in route.steps[1:]}
            raise UserError(f"--to {glob!r}: fits none of {len(content.routes)} paths; {nearest(glob, steps)}")
    if globs:
        return tuple(route for route in content.routes if any(_fits(route, glob) for glob in globs))
    return tuple(
        route
        for route in content.routes
        if (everything or not content.is_on_demand(route)) and route.steps != (route.root, content.eager(route.root))
    )


def _fits(route: Route, glob: str) -> bool:
    return any(fnmatch.fnmatchcase(text, glob) for text in (route.id, *route.steps[1:]))


def _repeat(outcome: Outcome, options: Mapping[str, Any]) -> str:
    """Return the command that gives this outcome again, "" where there is nothing to look into."""
    if not outcome.reproduce:
        return ""
    given: list[str] = [*options["targets"]]
    for option, values in (("--shape", options["shapes"]), ("--models", options["models"])):
        given += [word for value in values for word in (option, str(value))]
    given += [word for value in options["converters"] for word in ("--converters", str(value))]
    given += ["--inputs", str(options["inputs"])] if options["inputs"] else []
    given += ["--python", str(options["python"])] if options["python"] else []
    given += ["--trust"] if options["trust"] else []
    given += ["--seed", str(options["seed"])] if options["seed"] else []
    return shlex.join(["nnparity", "check", *given, "--to", outcome.path_id])


def _shapes_of(arrays: Arrays) -> str:
    return ", ".join(f"{name} {tuple(array.shape)}" for name, array in sorted(arrays.items()))
