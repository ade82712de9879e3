"""What nothing recorded explains, with the command that repeats it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from nnparity.evidence import Window, inputs_of
from nnparity.facts import Facts
from nnparity.junit import headline
from nnparity.matrix import BAD
from nnparity.merging import canonical
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Page, Recorded, Section, Subjects, fingerprint

Ending = tuple[str, ...]

# A run in which much fails must not make a first page that no browser opens; report.md has them all.
AT_MOST = 300
RUN, RESULTS = ["nnparity", "run"], "--results"


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes = recorded.outcomes
    failing = [outcome for outcome in outcomes if outcome.verdict in BAD]
    by_case = _entries(outcomes)
    return {
        "failures": [_failure(by_case[end]) for end in _in_order(by_case)],
        "at_most": AT_MOST,
        "new": sum(1 for outcome in failing if outcome.verdict is Verdict.FAIL),
        "stale": sum(1 for outcome in failing if outcome.verdict is Verdict.XPASS),
        "total": len(outcomes),
    }


def subjects(outcomes: Sequence[Outcome], facts: Facts) -> Subjects:
    """Return the outcomes of every entry."""
    return {_name(end): [one for same in paths for one in same] for end, paths in sorted(_entries(outcomes).items())}


def _entries(outcomes: Sequence[Outcome]) -> dict[Ending, list[Sequence[Outcome]]]:
    """Return the failures of each path that end alike, by how they end and by the case that is worst on the path."""
    by_path: dict[Ending, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.verdict in BAD:
            by_path.setdefault((*_end(outcome), outcome.path_id), []).append(outcome)
    by_case: dict[Ending, list[Sequence[Outcome]]] = {}
    for same in by_path.values():
        shown = _worst(same)
        by_case.setdefault((*_end(shown), shown.case, shown.detail), []).append(same)
    return by_case


def _in_order(entries: Iterable[Ending]) -> list[Ending]:
    return sorted(entries, key=lambda end: (end[0] != Verdict.FAIL.value, end))


def _name(end: Ending) -> str:
    return f"{end[1]}-{fingerprint(*end)}"


def _end(outcome: Outcome) -> tuple[str, ...]:
    """Return what failures of one entry share: how and where they end."""
    end = (outcome.stage.value, outcome.status.value, outcome.component, outcome.known)
    return outcome.verdict.value, outcome.layer, *end


def _worst(same: Sequence[Outcome]) -> Outcome:
    return max(same, key=lambda one: -1.0 if math.isnan(one.error_over_budget) else one.error_over_budget)


def _failure(paths: Sequence[Sequence[Outcome]]) -> dict[str, object]:
    """Return the entry of failures that end alike, shown by the one case that is worst on each of their paths."""
    by_path = sorted(paths, key=lambda same: same[0].path)
    worst = [_worst(same) for same in by_path]
    shown = _worst(worst)
    return {
        "name": _name((*_end(shown), shown.case, shown.detail)),
        "outcome": shown,
        "headline": headline(shown),
        "window": Window.of(shown.evidence.get("window")),
        "inputs": inputs_of(shown.evidence.get("inputs")),
        "compared": not math.isnan(shown.error_over_budget),
        "config": canonical(dict(shown.config)),
        "open_axes": ", ".join(shown.open_axes),
        "paths": [one.path for one in worst],
        "repeat": "\n".join(one.reproduce for one in worst if one.reproduce),
        "operator": _asked_of("locate", shown),
        "script": "\n".join(filter(None, (_asked_of("reproduce", one) for one in worst))),
        "others": sorted({one.case for same in paths for one in same} - {shown.case}),
    }


def _asked_of(command: str, outcome: Outcome) -> str:
    """Return the command about the failure, CASE@PATH, with the folders that its run was given.

    "" for a model of the user's own, which no case holds.
    """
    try:
        words = shlex.split(outcome.reproduce) or RUN
    except ValueError:  # no command that nnparity has written
        return ""
    if words[:2] != RUN:
        return ""
    given = [
        (RESULTS if option == "--out" else option, value)
        for option, value in pairwise(words)
        if option in {"--out", "--models", "--converters"}
    ]
    asked = ["nnparity", command, f"{outcome.case}@{outcome.path_id}"]
    return shlex.join([*asked, *(word for pair in given for word in pair)])


PAGE = Page(name="failure", order=50, title="Failure", file="failures/{}.html", subjects=subjects)
SECTION = Section(
    name="failures",
    order=18,
    title="Failures",
    pages=("overview", "layer", "component", "failure"),
    context=context,
    html="failures.html.jinja",
    markdown="failures.md.jinja",
)
