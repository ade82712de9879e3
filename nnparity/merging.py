"""Makes one account of many: of outcomes that answer the same question, and of facts about several runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nnparity.outcome import Outcome, Verdict

SUMMED = "conversions"


def settled(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Return the outcomes by layer, path and case, equal answers to one question kept once, different ones all.

    "Not run" is no answer where another outcome has one. The order in which the outcomes come makes no difference.
    """
    by_question: dict[tuple[str, tuple[str, ...], str], list[Outcome]] = {}
    for outcome in outcomes:
        by_question.setdefault((outcome.layer, outcome.path, outcome.case), []).append(outcome)
    kept: list[Outcome] = []
    for question in sorted(by_question):
        kept.extend(_answers(by_question[question]))
    return tuple(kept)


def _answers(same: list[Outcome]) -> list[Outcome]:
    answers = [outcome for outcome in same if outcome.verdict is not Verdict.NOT_RUN] or same
    if len(answers) == 1:
        return answers
    answers.sort(key=lambda outcome: canonical(outcome.to_json()))
    distinct: dict[tuple[str, ...], Outcome] = {}
    for one in answers:
        distinct.setdefault((one.stage.value, one.status.value, one.verdict.value, one.known), one)
    return list(distinct.values())


def merged_facts(facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one account: objects and lists united, counts of conversions added, values that differ as a list."""
    names = sorted({name for one in facts for name in one})
    values = {name: [one[name] for one in facts if name in one] for name in names}
    return {name: _added(found) if name == SUMMED else _united(found) for name, found in values.items()}


def without_those_that_ran(facts: Mapping[str, Any], outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return the facts with `not_run` reduced to components that no outcome ran."""
    missing = facts.get("not_run")
    if not isinstance(missing, Mapping):
        return dict(facts)
    ran = {step for outcome in outcomes if outcome.verdict is not Verdict.NOT_RUN for step in outcome.path}
    return {**facts, "not_run": {name: reason for name, reason in missing.items() if name not in ran}}


def canonical(value: Any) -> str:
    """Return the one JSON text of a value, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _united(values: Sequence[Any]) -> Any:
    if all(isinstance(value, Mapping) for value in values):
        names = sorted({name for value in values for name in value})
        return {name: _united([value[name] for value in values if name in value]) for name in names}
    if len({canonical(value) for value in values}) == 1:
        return values[0]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    distinct = {canonical(item): item for item in items}
    return [distinct[text] for text in sorted(distinct)]


def _added(values: Sequence[Any]) -> Any:
    if all(isinstance(value, Mapping) for value in values):
        names = sorted({name for value in values for name in value})
        return {name: _added([value[name] for value in values if name in value]) for name in names}
    if all(isinstance(value, int) for value in values):
        return sum(values)
    return _united(values)
