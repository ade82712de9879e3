"""What nothing recorded explains, with the command that repeats it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise

from nnparity.alike import Ending, alike, ending, representative, worst
from nnparity.evidence import Window, inputs_of
from nnparity.facts import ExplainedFacts, Facts
from nnparity.junit import headline
from nnparity.matrix import BAD
from nnparity.merging import canonical
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Page, Recorded, Section, Subjects, fingerprint

# A run in which much fails must not make a first page that no browser opens; report.md has them all.
AT_MOST = 300
RUN, CHECK = ["nnparity", "run"], ["nnparity", "check"]
CONTENT = {"--models": "--models", "--converters": "--converters"}
ASKED_OF_RUN = {**CONTENT, "--out": "--results"}
ASKED_OF_OWN = {**CONTENT, "--python": "--python"}


def context(recorded: Recorded) -> Mapping[str, object]:
    failing = [outcome for outcome in recorded.outcomes if outcome.verdict in BAD]
    return {
        "failures": [_failure(paths, recorded.facts) for paths in alike(failing).values()],
        "at_most": AT_MOST,
        "new": sum(1 for outcome in failing if outcome.verdict is Verdict.FAIL),
        "stale": sum(1 for outcome in failing if outcome.verdict is Verdict.XPASS),
        "total": len(recorded.outcomes),
    }


def subjects(outcomes: Sequence[Outcome], facts: Facts) -> Subjects:
    """Return the outcomes of every entry."""
    return {_name(end): [one for same in paths for one in same] for end, paths in sorted(alike(outcomes).items())}


def _name(end: Ending) -> str:
    return f"{end[1]}-{fingerprint(*end)}"


def _failure(paths: Sequence[Sequence[Outcome]], facts: Facts) -> dict[str, object]:
    """Return the entry of failures that end alike, shown by the one case that is worst on each of their paths."""
    shown = representative(paths)
    each = [worst(same) for same in sorted(paths, key=lambda same: same[0].path)]
    return {
        "name": _name(ending(shown)),
        "outcome": shown,
        "headline": headline(shown),
        "window": Window.of(shown.evidence.get("window")),
        "inputs": inputs_of(shown.evidence.get("inputs")),
        "compared": not math.isnan(shown.error_over_budget),
        "config": canonical(dict(shown.config)),
        "open_axes": ", ".join(shown.open_axes),
        "paths": [one.path for one in each],
        "repeat": "\n".join(one.reproduce for one in each if one.reproduce),
        "explained": facts.explained.get(f"{shown.case}@{shown.path_id}", ExplainedFacts()),
        "operator": _asked_of("locate", shown),
        "script": "\n".join(filter(None, (_asked_of("reproduce", one) for one in each))),
        "others": sorted({one.case for same in paths for one in same} - {shown.case}),
    }


def _asked_of(command: str, outcome: Outcome) -> str:
    """Return the command about the failure, CASE@PATH, with what its run was given.

    "" for several models of the user's own: which of them the case is of, their command does not say.
    """
    try:
        words = shlex.split(outcome.reproduce) or RUN
    except ValueError:  # no command that nnparity has written
        return ""
    ends = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    if words[:2] == CHECK and ends == len(CHECK) + 1:
        given = ["--target", words[2], *_kept(words[ends:], ASKED_OF_OWN), *(["--trust"] if "--trust" in words else [])]
    elif words[:2] == RUN:
        given = _kept(words, ASKED_OF_RUN)
    else:
        return ""
    return shlex.join(["nnparity", command, f"{outcome.case}@{outcome.path_id}", *given])


def _kept(words: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """Return the options that the command has too, by the names that it has for them, with their values."""
    return [word for option, value in pairwise(words) if option in options for word in (options[option], value)]


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
