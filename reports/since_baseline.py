"""What is new, mended or otherwise different since a baseline, question by question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nnparity.matrix import BAD
from nnparity.outcome import Outcome
from nnparity.pages import Recorded, Section

Question = tuple[str, tuple[str, ...], str]
Answer = tuple[str, ...]

NEW, MENDED, CHANGED = "new failure", "failed before", "changed"


def context(recorded: Recorded) -> Mapping[str, object]:
    if not recorded.earlier:
        return {"given": False}
    before, now = _answers(recorded.earlier), _answers(recorded.outcomes)
    groups: dict[tuple[str, str, Answer, Answer], list[Question]] = {}
    for question in sorted(now):
        then = before.get(question, ())
        kind = _kind(then, now[question])
        if kind:
            groups.setdefault((kind, question[0], then, now[question]), []).append(question)
    order = (NEW, MENDED, CHANGED)
    return {
        "given": True,
        "rows": [_row(group, groups[group]) for group in sorted(groups, key=lambda one: (order.index(one[0]), one))],
        "counts": {kind: sum(len(same) for group, same in groups.items() if group[0] == kind) for kind in order},
        "both": len(set(before) & set(now)),
        "only_now": len(set(now) - set(before)),
        "only_before": len(set(before) - set(now)),
    }


def _answers(outcomes: Iterable[Outcome]) -> dict[Question, Answer]:
    """Return what came out for each question; one that has several answers has all of them, in order."""
    found: dict[Question, set[str]] = {}
    for one in outcomes:
        said = f"{one.verdict.value} {one.stage.value} {one.status.value}"
        found.setdefault((one.layer, one.path, one.case), set()).add(said)
    return {question: tuple(sorted(answers)) for question, answers in found.items()}


def _kind(before: Answer, now: Answer) -> str:
    """Return how an answer differs, "" if it does not; a question that is asked for the first time can only fail."""
    failed, fails = _bad(before), _bad(now)
    if fails and not failed:
        return NEW
    if failed and not fails:
        return MENDED
    return CHANGED if before and before != now else ""


def _bad(answers: Answer) -> bool:
    return any(answer.split()[0] in {verdict.value for verdict in BAD} for answer in answers)


def _row(group: tuple[str, str, Answer, Answer], questions: list[Question]) -> dict[str, object]:
    kind, layer, before, now = group
    return {
        "kind": kind,
        "layer": layer,
        "before": " and ".join(before) or "not checked",
        "now": " and ".join(now),
        "checks": len(questions),
        "paths": sorted({">".join(path) for _, path, _ in questions}),
    }


SECTION = Section(
    name="since",
    order=15,
    title="Since the baseline",
    context=context,
    html="since_baseline.html.jinja",
    markdown="since_baseline.md.jinja",
)
