"""Advice, measured: fix the batch size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nnparity.figures import Path, by_model, microseconds, middle, operators, ran
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Recorded, Section


@dataclass
class Measured:
    """What models came to with the batch fixed, and the same models with it open."""

    models: int = 0
    fixed: int = 0
    opened: int = 0
    operators: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def context(recorded: Recorded) -> Mapping[str, object]:
    models = by_model(one for one in recorded.outcomes if one.verdict is not Verdict.NOT_RUN)
    measured: dict[Path, Measured] = {}
    for model, paths in models.items():
        fixed = models.get(replace(model, open_axes=())) if model.open_axes else None
        for path, opened in paths.items() if fixed else ():
            if fixed and path in fixed and len(path) > 2:
                _measure(measured.setdefault(path, Measured()), fixed[path], opened, path)
    rows = [_row(path, measured[path]) for path in sorted(measured)]
    whole = Measured(
        sum(one.models for one in measured.values()),
        sum(one.fixed for one in measured.values()),
        sum(one.opened for one in measured.values()),
        [ratio for one in measured.values() for ratio in one.operators],
        [ratio for one in measured.values() for ratio in one.times],
    )
    return {"rows": rows, "whole": _row((), whole)}


def _measure(into: Measured, fixed: Sequence[Outcome], opened: Sequence[Outcome], path: Path) -> None:
    into.models += 1
    into.fixed += ran(fixed)
    into.opened += ran(opened)
    if not (ran(fixed) and ran(opened)):
        return
    before, after = operators(fixed, path[-2]), operators(opened, path[-2])
    if before and after is not None:
        into.operators.append(after / before)
    times = microseconds(fixed), microseconds(opened)
    if times[0] > 0 and times[1] > 0:
        into.times.append(times[1] / times[0])


def _row(path: Path, measured: Measured) -> dict[str, object]:
    return {
        "path": path,
        "models": measured.models,
        "fixed": measured.fixed,
        "opened": measured.opened,
        "operators": middle(measured.operators),
        "times": middle(measured.times),
    }


SECTION = Section(
    name="advice_batch",
    order=60,
    title="Fix the batch size",
    context=context,
    html="advice_batch.html.jinja",
    markdown="",
    pages=("advice",),
    keeps=context,
    published="advice_batch.published.jinja",
)
