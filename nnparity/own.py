"""One `nnparity check`: the user's own model, read, measured, taken down every path from there, recorded, reported."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.cases import save_case
from nnparity.describe import describe_run
from nnparity.drawn import graphs_of_cases
from nnparity.environments import Environments
from nnparity.errors import INTERRUPTED, NEW_FAILURE
from nnparity.explaining import Explainer
from nnparity.layers import Case
from nnparity.options import load_content
from nnparity.outcome import Outcome
from nnparity.own_inputs import real_inputs
from nnparity.own_models import Plan, Reader, oracle_of, routes_from
from nnparity.own_said import hints_of, lines_of, said_of_model
from nnparity.own_several import several
from nnparity.own_target import Shapes, Target
from nnparity.plan import Profile
from nnparity.progress import NEW
from nnparity.run import run
from nnparity.store import ResultsWriter, read_results
from nnparity.whole_run import KEPT_VERDICTS, write_reports


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
        reader = Reader(bench, options, say)
        if len(targets) == 1:
            own = reader.read(targets[0], shapes, real)
            say(f"{own.given.target}: {said_of_model(own.given)}")
            plan = Plan(
                [own],
                oracle_of([own], bench),
                routes_from(bench.content, options["to"], everything=options["everything"]),
            )
        else:
            plan = several(reader, targets, shapes, real)
        plan = replace(plan, known=content.known)
        return _checked(plan, bench, options, say)


def _checked(plan: Plan, bench: Bench, options: Mapping[str, Any], say: Callable[[str], None]) -> int:
    content, environments, out = bench.content, bench.environments, options["out"]
    environments.build_all(content.environments_on(plan.routes), say)
    profile = Profile("check", configs=0, inputs=options["count"], open_configs=0)
    names = [own.name for own in plan.owns]
    facts = describe_run(content, environments, plan.routes, profile=profile, seed=options["seed"], layers=names)
    explainer = Explainer(bench, plan.oracle, plan.known, options["converters"], out, say)
    code = 0
    with ResultsWriter(out, facts, resume=False) as writer:

        def each(case: Case, outcome: Outcome) -> None:
            if outcome.verdict in KEPT_VERDICTS:
                save_case(case, out / "cases")
            repeatable = replace(outcome, reproduce=_repeat(outcome, options))
            writer.write(repeatable)
            explainer.take(repeatable)

        try:
            run(plan.units(), bench, plan.oracle, each, jobs=options["jobs"])
        except KeyboardInterrupt:
            code = INTERRUPTED
        if code == 0:
            code = explainer.record(writer, options["explain"])
        if code == 0:
            samples = [own.sample for own in plan.owns]
            writer.add_facts({"graphs": graphs_of_cases(bench, samples, plan.routes, jobs=options["jobs"])})
        writer.add_facts({"conversions": {"made": bench.tally.made, "cached": bench.tally.cached}})
    results = read_results(out / "results.jsonl")
    write_reports(results, out, content)
    for line in (
        *lines_of(results.outcomes, several=len(names) > 1),
        *plan.notes,
        *hints_of(results.outcomes, plan.known),
    ):
        say(line)
    say(f"report: {out / 'index.html'}")
    if code == 0 and any(outcome.verdict in NEW for outcome in results.outcomes):
        code = NEW_FAILURE
    return code


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
