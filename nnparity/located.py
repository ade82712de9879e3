"""One `nnparity locate`: the case on the path, the operator that goes wrong there, said and, if asked, saved."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.compare import Comparison, Rule
from nnparity.contracts import Arrays
from nnparity.discovery import Content, Route
from nnparity.divergence import KnownDivergence
from nnparity.environments import Environments
from nnparity.errors import NEW_FAILURE, UserError
from nnparity.escape import web_link
from nnparity.layers import Case
from nnparity.locate import Confirmed
from nnparity.locating import Blame, Report, find
from nnparity.options import load_content
from nnparity.oracle import Oracle
from nnparity.outcome import Failure, Stage, Status
from nnparity.own_case import case_asked_about
from nnparity.worker import ARTIFACT

MOST_KNOWN = 3
CONFIRMED = {
    Confirmed.ALONE: "wrong by itself, on the values that the path gave it",
    Confirmed.TOGETHER: "none of them is wrong by itself, all together are: a fault of fusing them, or a difference "
    "that rounding allows in one and that grows in the next",
    Confirmed.NOT: "the outputs go wrong here, but not where the operator runs apart from those before it: rounding "
    "that adds up, or a fault that needs the whole graph",
}

FAILING = {
    Confirmed.ALONE: "it fails by itself",
    Confirmed.TOGETHER: "none of them fails by itself, all together do: one gives what another does not take",
    Confirmed.NOT: "the path fails here, but not where the operator runs apart from those before it",
}


def locate_case(**options: Any) -> int:
    """Locate as the options of `nnparity locate` say; return the exit code: 1 where no operator can be named."""
    console = Console(soft_wrap=True, highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False)

    content = load_content(options["models"], options["converters"])
    environments = Environments(content.environments, cache_folder())
    with Bench(content, environments, ArtifactCache(cache_folder())) as bench:
        asked, oracle = case_asked_about(options, bench, say)
        case, route = asked.case, asked.route
        failed = environments.build_all(environments_to_locate(route, bench.content), say)
        if failed:
            raise UserError(f"{asked.id}: {'; '.join(failed.values())}")
        report = found_of(case, route, bench, oracle)
        for line in (*lines_of(report, case, route, bench.content), *known_lines(report, content.known, bench)):
            say(line)
        if options["save"] is not None and report.trial is not None and report.trial.made is not None:
            say(f"saved: {saved(report, options['save'])}")
    return 0 if report.blame is Blame.OPERATOR else NEW_FAILURE


def found_of(case: Case, route: Route, bench: Bench, oracle: Oracle) -> Report:
    """Return what is found; of a case about a relation, for the first of its runs that goes wrong. Raises UserError."""
    for one in oracle.runs_of(case):
        try:
            report = find(one, route, bench, oracle)
        except Failure as failure:
            if failure.status is Status.NOT_RUN:
                raise UserError(f"{failure.component}: {failure.detail}") from failure
            raise UserError(
                f"{failure.component or route.root}: {failure.status.value} in stage {failure.stage.value}, before "
                f"anything on the path ran: {failure.detail}; nothing can be located"
            ) from failure
        if report.shown:
            return report
    said = " by itself; it is wrong only beside the other run of its relation" if case.relation else ""
    raise UserError(
        f"the case {case.id} matches on {route.id}{said}, with what is installed here; there is nothing to locate"
    )


def environments_to_locate(route: Route, content: Content) -> set[str]:
    """Return the names of the environments that a search on the path needs: the path's own, and those that cut."""
    on_path = {route.root, *(content.conversions[name].kind.target for name in route.conversions)}
    cut_in = {one.environment for name, one in content.cuts.items() if name in on_path}
    return {*content.environments_on([route]), *cut_in}


def lines_of(report: Report, case: Case, route: Route, content: Content) -> Iterator[str]:
    """Yield what there is to say, a few lines."""
    yield f"case {case.id} of {case.layer} on {route.id}"
    yield f"  goes wrong: {_first_line(report.shown)}"
    if report.located is None or report.graph is None or report.at is None:
        yield f"no operator is named: {_first_line(report.said)}"
        return
    kind, count = report.at.representation, len(report.graph.operators)
    title = content.representations[kind].title
    for place in report.located.operators:
        one = report.graph.operators[place]
        named = f" {one.name!r}" if one.name else ""
        yield f"located: {one.kind}{named}, operator {place + 1} of {count} in the {title} graph"
        if one.source not in {"", one.name}:
            yield f"  comes from: {one.source}"
    yield f"  made wrong by: {' > '.join(report.steps)}"
    trial = report.trial
    if trial is not None:
        inputs = zip(trial.part.takes, trial.inputs.values(), strict=False)
        yield f"  takes: {', '.join(_tensor(name, array) for name, array in inputs) or 'constants only'}"
        shapes = trial.outputs or dict.fromkeys(trial.part.gives)
        outputs = zip(trial.part.gives, shapes.values(), strict=False)
        yield f"  gives: {', '.join(_tensor(name, array) for name, array in outputs)}"
        if trial.failure is not None:
            yield f"  fails: {_first_line(trial.failure.detail)}"
        elif trial.comparison is not None:
            yield f"  wrong: {_wrong(trial.comparison)}"
    words = CONFIRMED if trial is None or trial.failure is None else FAILING
    yield f"  confirmed: {words[report.located.confirmed]}"
    if report.located.lesser:
        names = ", ".join(report.graph.operators[place].kind for place in report.located.lesser)
        yield f"  also beyond their budgets, but not why the outputs are wrong: {names}"
    trusted_by = content.cuts[kind].kind.trusted_by
    yield f"  values trusted: {trusted_by}; parts of the graph that were run: {report.runs}"


def known_lines(report: Report, known: Iterable[KnownDivergence], bench: Bench) -> Iterator[str]:
    """Yield what is known, in whatever layer, of the located operators in the steps that make them wrong.

    By words: an entry whose reason names the operator's kind. Whether it is the same fault, its reader has to see.
    """
    if report.located is None or report.graph is None or report.trial is None:
        return
    stage = report.trial.failure.stage if report.trial.failure else Stage.COMPARE
    kinds = {re.split(r"[.:]+", report.graph.operators[place].kind)[-1] for place in report.located.operators}
    words = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(kinds)))})\b")
    fitting = (
        entry
        for entry in known
        if entry.component in report.steps
        and entry.stage is stage
        and words.search(entry.reason)
        and bench.holds_here(entry)
    )
    reasons = {(entry.component, entry.reason): web_link(entry.link) for entry in fitting}
    for (component, reason), link in islice(reasons.items(), MOST_KNOWN):
        yield f"  known of {component} in layers: {reason}{f' ({link})' if link else ''}"
    if len(reasons) > MOST_KNOWN:
        yield f"  and {len(reasons) - MOST_KNOWN} more that speak of it"


def _wrong(comparison: Comparison) -> str:
    """Return the worst element, or what else is wrong than values."""
    problem, worst = comparison.problems[0], comparison.worst
    if problem.rule is not Rule.VALUE or worst is None:
        return problem.text
    return (
        f"at {list(worst.index)}: got {worst.actual:.9g}, expected {worst.expected:.9g}, "
        f"allowed error {worst.allowed:.4g} ({worst.error_over_budget:.3g} times that)"
    )


def saved(report: Report, folder: Path) -> Path:
    """Write the smallest part that shows the fault, its inputs, and what came and was expected; return the folder."""
    trial = report.trial
    if trial is None or trial.made is None:
        raise UserError("saving: there is no part of the graph to write")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(trial.made.folder.iterdir()):
            if file.name != ARTIFACT and file.is_file():
                shutil.copy(file, folder / file.name)
        for name, arrays in (("inputs", trial.inputs), ("got", trial.outputs), ("expected", trial.trusted)):
            if arrays:
                np.savez(folder / f"{name}.npz", **_as_saved(arrays))
    except OSError as problem:
        raise UserError(f"saving to {folder}: {problem.strerror}; give another folder with --save") from problem
    return folder


def _as_saved(arrays: Arrays) -> dict[str, Any]:
    return {name: np.asarray(array) for name, array in arrays.items()}


def _tensor(name: str, array: np.ndarray | None) -> str:
    return name if array is None else f"{name} {array.dtype}{list(array.shape)}"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
