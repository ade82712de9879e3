"""One `nnparity run`: set up, draw, check, record, report."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console

from nnparity.asked import Asked
from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.case_at import refuse_unless_there
from nnparity.cases import find_case, save_case
from nnparity.describe import describe_run, families_of
from nnparity.discovery import Content
from nnparity.drawn import graphs_of
from nnparity.environments import Environments
from nnparity.errors import INTERRUPTED, NEW_FAILURE
from nnparity.explaining import Explainer
from nnparity.lanes import Key, Unit
from nnparity.layers import Case
from nnparity.options import DEFAULT_OUT, HOW_TO_ASK, Selection, load_content
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import discover_parts
from nnparity.plan import PROFILES, keep_notes_in
from nnparity.progress import NEW, Progress
from nnparity.published import publish
from nnparity.report import write_report
from nnparity.run import run
from nnparity.store import Results, ResultsWriter, read_results

KEPT_VERDICTS = {Verdict.FAIL, Verdict.XPASS, Verdict.XFAIL, Verdict.ALLOWED}


def run_whole(**options: Any) -> int:
    """Run as the options of `nnparity run` say; return the exit code."""
    console = Console(soft_wrap=True, highlight=False)
    say = partial(console.print, markup=False)
    content = load_content(options["models"], options["converters"])
    selection = Selection.of(options)
    selection.check(content)
    profile = PROFILES[options["profile"]]
    on_demand = profile.on_demand or options["everything"]
    routes = selection.routes(content, on_demand=on_demand)
    left_out = () if on_demand else selection.left_out(content)
    if left_out:
        say(f"{len(left_out)} of {len(content.routes)} paths are on demand; {HOW_TO_ASK}")
    environments = Environments(content.environments, cache_folder())
    case = _chosen_case(options["case_id"], options["out"], content)
    # One case once more does not replace the results that it came from.
    out: Path = options["out"] / "cases" / case.id if case else options["out"]
    layers = (case.layer,) if case else selection.layer_names(content)
    asked = Asked(layers, routes, profile, options["seed"], case)
    environments.build_all(content.environments_on(routes), say)
    facts = describe_run(content, environments, routes, profile=profile, seed=asked.seed, layers=layers)
    keep_notes_in(cache_folder())
    code = 0
    with (
        ResultsWriter(out, facts, resume=options["resume"]) as writer,
        Bench(
            content, environments, ArtifactCache(cache_folder()), jobs=options["jobs"],
            in_process=frozenset(selection.in_process),
        ) as bench,
    ):  # fmt: skip
        for note in writer.notes:
            say(note)
        explainer = Explainer(bench, Oracle(bench), content.known, options["converters"], out, say)
        units = list(asked.units(bench, writer.recorded))
        try:
            with Progress(console, _expected(units, writer.recorded), [route.id for route in routes]) as progress:

                def each(one: Case, outcome: Outcome) -> None:
                    if outcome.verdict in KEPT_VERDICTS:
                        save_case(one, out / "cases")
                    repeatable = dataclasses.replace(outcome, reproduce=_repeat(outcome, options))
                    writer.write(repeatable)
                    explainer.take(repeatable)
                    progress.add(repeatable)

                run(
                    units, bench, explainer.oracle, each,
                    jobs=options["jobs"], required=selection.required, recorded=writer.recorded,
                )  # fmt: skip
        except KeyboardInterrupt:
            code = INTERRUPTED
            console.print(f"interrupted; what was recorded is kept, go on with: nnparity run --resume --out {out}")
        if code == 0:
            # Who debugs a component in this process wants to see its own calls, not those of a search.
            code = explainer.record(writer, 0 if selection.in_process else options["explain"])
        if case is None and code == 0:
            writer.add_facts({"graphs": graphs_of(bench, layers, routes, asked.seed, jobs=options["jobs"])})
        writer.add_facts({"conversions": {"made": bench.tally.made, "cached": bench.tally.cached}})
    results = _reported(out, content, console, bench.tally.made, bench.tally.cached)
    if code == 0 and any(outcome.verdict in NEW for outcome in results.outcomes):
        code = NEW_FAILURE
    if code == 0:
        dataclasses.replace(content, broken=(*content.broken, *asked.undrawn)).refuse_broken()
    return code


def write_reports(results: Results, out: Path, content: Content, earlier: Sequence[Results] = ()) -> None:
    """Write the reports of these results; families of operators are the content's. earlier: baselines, oldest first."""
    write_report(_with_families(results, content), out, discover_parts(), earlier)


def write_published(results: Results, out: Path, content: Content, into: Path | None = None) -> None:
    """Write the committed report of these results, and an excerpt of it into a README.

    Families of operators are the content's. Raises UserError for what cannot be written.
    """
    publish(_with_families(results, content), out, discover_parts(), into)


def _with_families(results: Results, content: Content) -> Results:
    steps = results.facts.get("steps", {})
    operators: dict[str, set[str]] = {}
    for outcome in results.outcomes:
        for step, counts in outcome.op_counts.items():
            representation = steps.get(step, {}).get("representation", "")
            if representation in content.representations:
                operators.setdefault(representation, set()).update(counts)
    facts = {**results.facts, "families": families_of(content, operators)}
    return dataclasses.replace(results, facts=facts)


def _chosen_case(case_id: str | None, out: Path, content: Content) -> Case | None:
    if case_id is None:
        return None
    folders = [out / "cases", Path(DEFAULT_OUT) / "cases"]
    case = find_case(case_id, folders, chain(*content.found.values(), (one.witness for one in content.known)))
    refuse_unless_there(case, content, f"--case {case_id!r}")
    return case


def _repeat(outcome: Outcome, options: Mapping[str, Any]) -> str:
    """Return the outcome's own command, with the folders that this run was given."""
    if not outcome.reproduce:
        return ""
    given = [("--models", folder) for folder in options["models"]]
    given += [("--converters", folder) for folder in options["converters"]]
    given += [("--out", options["out"])] if options["out"] != Path(DEFAULT_OUT) else []
    return " ".join([outcome.reproduce, *(f"{option} {shlex.quote(str(folder))}" for option, folder in given)])


def _expected(units: list[Unit], recorded: set[Key]) -> dict[str, int]:
    expected: Counter[str] = Counter()
    for unit in units:
        expected[unit.model.layer] += sum(
            (case.id, route.id) not in recorded for case in unit.model.cases for route in unit.routes
        )
    return dict(expected)


def _reported(out: Path, content: Content, console: Console, made: int, cached: int) -> Results:
    """Write the reports of what is recorded, say how it ended, and return it."""
    results = read_results(out)
    write_reports(results, out, content)
    totals = Counter(outcome.verdict for outcome in results.outcomes)
    said = ", ".join(f"{totals[verdict]} {verdict.value}" for verdict in Verdict if totals[verdict])
    console.print(f"{len(results.outcomes)} checks: {said or 'none'}", markup=False)
    console.print(f"conversions: {made} made, {cached} from the cache", markup=False)
    console.print(f"report: {out / 'index.html'}", markup=False)
    return results
