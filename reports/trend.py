"""What became of each question over several runs: what is new, fixed, changed, and what passes and fails in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from nnparity.matrix import BAD, Standing, Tally
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.pages import Page, Recorded, Run, Section

Question = tuple[str, tuple[str, ...], str]
Answer = frozenset[tuple[str, str, str]]
History = tuple[Answer, ...]

NEW, FLAKY, FIXED, CHANGED = "new failure", "flaky", "fixed", "changed"
KINDS = (NEW, FLAKY, FIXED, CHANGED)
STEPS = (NEW, FIXED, CHANGED)
NOT_ASKED: Answer = frozenset()
FAILED = {verdict.value for verdict in BAD}

# Runs with little in common differ in most of what they say, which no browser shows in one table.
AT_MOST = 300
# A comment on a pull request is read, not searched.
AT_MOST_IN_MARKDOWN = 20


def context(recorded: Recorded) -> Mapping[str, object]:
    asked = [_answers(run.outcomes) for run in recorded.runs]
    histories: dict[Question, History] = {
        question: tuple(answers.get(question, NOT_ASKED) for answers in asked) for question in set().union(*asked)
    }
    groups: dict[tuple[str, int, str, History], list[Question]] = {}
    told: dict[History, tuple[str, int]] = {}
    for question, history in histories.items():
        if history not in told:
            told[history] = became(history)
        kind, number = told[history]
        if kind:
            groups.setdefault((kind, number, question[0], history), []).append(question)
    totals: Counter[str] = Counter()
    for (kind, _, _, _), same in groups.items():
        totals[kind] += len(same)
    steps: Counter[tuple[str, int]] = Counter()
    for history, count in Counter(histories.values()).items():
        for kind, number in changes(history):
            steps[kind, number] += count
    rows = [_row(*group, groups[group]) for group in groups]
    rows.sort(key=lambda row: (KINDS.index(str(row["kind"])), -int(str(row["run"])), row["layer"], row["texts"]))
    return {
        "runs": [_run(run, number, steps) for number, run in enumerate(recorded.runs, start=1)],
        "kinds": STEPS,
        "totals": {kind: totals[kind] for kind in KINDS},
        "steady": len(histories) - sum(map(len, groups.values())),
        "everywhere": sum(1 for history in histories.values() if all(history)),
        "questions": len(histories),
        "rows": rows,
        "at_most": AT_MOST,
        "at_most_in_markdown": AT_MOST_IN_MARKDOWN,
    }


def became(history: History) -> tuple[str, int]:
    """Return what became of a question and in which run that was said last, ("", 0) if there is nothing to say.

    Flaky: it matched and did not in turn, or both in one run.
    """
    given = [(number, answer) for number, answer in enumerate(history, start=1) if answer]
    turns = [number for (_, before), (number, now) in pairwise(given) if _matches(before) != _matches(now)]
    torn = [number for number, answer in given if len(_matches(answer)) > 1]
    if torn or len(turns) > 1:
        return FLAKY, max(torn + turns)
    return (("", 0), *changes(history))[-1]


def changes(history: History) -> Sequence[tuple[str, int]]:
    """Return each change against the last answer before it, with its run.

    A question that is asked first in a later run can only be a new failure.
    """
    given = [(number, answer) for number, answer in enumerate(history, start=1) if answer]
    found = [(NEW, number) for number, answer in given[:1] if number > 1 and _fails(answer)]
    for (_, before), (number, now) in pairwise(given):
        if _fails(now) != _fails(before):
            found.append((NEW if _fails(now) else FIXED, number))
        elif now != before:
            found.append((CHANGED, number))
    return found


def _answers(outcomes: Iterable[Outcome]) -> dict[Question, Answer]:
    """Return what came out for each question that was run."""
    found: dict[Question, Answer] = {}
    for one in outcomes:
        if one.verdict is not Verdict.NOT_RUN:
            question, said = (one.layer, one.path, one.case), (one.verdict.value, one.stage.value, one.status.value)
            found[question] = found.get(question, NOT_ASKED) | {said}
    return found


def _matches(answer: Answer) -> frozenset[bool]:
    return frozenset(status == Status.MATCH.value for _, _, status in answer)


def _fails(answer: Answer) -> bool:
    return any(verdict in FAILED for verdict, _, _ in answer)


def _row(kind: str, number: int, layer: str, history: History, questions: Sequence[Question]) -> dict[str, object]:
    return {
        "kind": kind,
        "run": number,
        "layer": layer,
        "texts": [" and ".join(" ".join(said) for said in sorted(answer)) for answer in history],
        "fails": [_fails(answer) for answer in history],
        "checks": len(questions),
        "paths": sorted({">".join(path) for _, path, _ in questions}),
    }


def _run(run: Run, number: int, steps: Mapping[tuple[str, int], int]) -> dict[str, object]:
    tally = Tally.of(run.outcomes)
    shares = {
        Standing.MATCHED: tally.matched,
        Standing.KNOWN: tally.known,
        Standing.ALLOWED: tally.allowed,
        Standing.UNSUPPORTED: tally.unsupported,
        Standing.FAILED: tally.failed,
        Standing.NOT_RUN: tally.not_run,
    }
    return {
        "number": number,
        "facts": run.facts,
        "tally": tally,
        "parts": [(f"{standing.css}-fill", count) for standing, count in shares.items() if count],
        "counts": [steps[kind, number] for kind in STEPS],
    }


def _several(recorded: Recorded) -> bool:
    return len(recorded.runs) > 1


PAGE = Page(name="trend", order=15, title="Trend", file="trend.html", applies=_several)
SECTION = Section(
    name="trend",
    order=12,
    title="Over the runs",
    context=context,
    html="trend.html.jinja",
    markdown="trend.md.jinja",
    pages=("trend",),
)
