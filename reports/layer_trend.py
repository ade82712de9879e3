"""Operators and run times over several runs: of every layer, and of one layer on each path."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from nnparity.matrix import short
from nnparity.outcome import Outcome
from nnparity.pages import Recorded, Section

Question = tuple[tuple[str, ...], str]
AT_MOST_IN_MARKDOWN = 20

Figures = Mapping[Question, tuple[float, float]]


def context(recorded: Recorded) -> Mapping[str, object]:
    layer = recorded.about
    if layer:
        found = [_by_path(run.by_layer.get(layer, ())) for run in recorded.runs]
    else:
        found = [{name: _figures(outcomes) for name, outcomes in run.by_layer.items()} for run in recorded.runs]
    rows = [_row(subject, [one.get(subject, {}) for one in found]) for subject in sorted(set().union(*found))]
    return {
        "count": len(recorded.runs),
        "machines": len({run.facts.cpu for run in recorded.runs}),
        "rows": [row for row in rows if row["checks"]],
        "changed": [row for row in rows if row["checks"] and len(_different(row["operators"])) > 1],
        "at_most": AT_MOST_IN_MARKDOWN,
    }


def _by_path(outcomes: Iterable[Outcome]) -> dict[str, Figures]:
    grouped: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        grouped.setdefault(outcome.path, []).append(outcome)
    return {f"{path[0]}: {short(path)}": _figures(grouped[path]) for path in grouped}


def _figures(outcomes: Iterable[Outcome]) -> Figures:
    """Return operators as converted and microseconds a run of each question, NaN for what was not measured."""
    return {(one.path, one.case): (_operators(one), one.run_microseconds) for one in outcomes}


def _operators(outcome: Outcome) -> float:
    """Return how many operators the model has that the runtime is given."""
    steps = outcome.path[:-1] or outcome.path
    return next((float(outcome.op_total[step]) for step in reversed(steps) if step in outcome.op_total), math.nan)


def _row(subject: str, runs: Sequence[Figures]) -> dict[str, Any]:
    """Return the figures of the questions that every run which knows the subject has asked."""
    shared = sorted(set.intersection(*(set(figures) for figures in runs if figures)))
    return {
        "subject": subject,
        "checks": len(shared) if sum(map(bool, runs)) > 1 else 0,
        "operators": [_mean([figures[one][0] for one in shared if figures]) for figures in runs],
        "microseconds": [_median([figures[one][1] for one in shared if figures]) for figures in runs],
    }


def _different(values: Sequence[float]) -> set[float]:
    return {value for value in values if math.isfinite(value)}


def _mean(values: Sequence[float]) -> float:
    measured = [value for value in values if math.isfinite(value)]
    return fmean(measured) if measured else math.nan


def _median(values: Sequence[float]) -> float:
    measured = [value for value in values if math.isfinite(value)]
    return median(measured) if measured else math.nan


SECTION = Section(
    name="over_runs",
    order=62,
    title="Operators and times over the runs",
    context=context,
    html="layer_trend.html.jinja",
    markdown="layer_trend.md.jinja",
    pages=("trend", "layer"),
)
