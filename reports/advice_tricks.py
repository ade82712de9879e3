"""Advice, measured: avoid small tricks, since operators that change nothing keep an optimiser from its fusions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnparity.contracts import Family
from nnparity.facts import Facts
from nnparity.figures import Model, Path, by_model, microseconds, middle, operators, ran
from nnparity.merging import canonical
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Recorded, Section

# The key by which a layer's config says how it is written, and what it says of the layer without tricks.
WRITTEN, PLAIN = "written", "plain"


@dataclass
class Measured:
    """What models written in one way came to, and the same models written plainly. Lists hold a ratio for each."""

    pairs: int = 0
    plain: int = 0
    tricks: int = 0
    both: int = 0
    given: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    fused: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    lost: Counter[str] = field(default_factory=Counter)


def context(recorded: Recorded) -> Mapping[str, Any]:
    models = by_model(one for one in recorded.outcomes if one.verdict is not Verdict.NOT_RUN)
    measured: dict[tuple[str, str], Measured] = {}
    for model, paths in models.items():
        written, plain = _plainly(model)
        for path, outcomes in paths.items() if written not in {"", PLAIN} and plain in models else ():
            if path in models[plain] and len(path) > 2:
                for into in ((written, ""), (written, path[-1])):
                    _measure(measured.setdefault(into, Measured()), models[plain][path], outcomes, path, recorded.facts)
    rows = [_row(*key, measured[key]) for key in sorted(measured)]
    return {
        "layers": sorted({model.layer for model in models if _plainly(model)[0] not in {"", PLAIN}}),
        "whole": [row for row in rows if not row["runtime"]],
        "rows": sorted((row for row in rows if row["both"]), key=lambda row: (row["runtime"], row["written"])),
    }


def keeps(recorded: Recorded) -> Mapping[str, object]:
    told = context(recorded)
    rows = [{name: value for name, value in row.items() if name not in {"lost", "both"}} for row in told["rows"]]
    return {"layers": told["layers"], "whole": told["whole"], "rows": rows}


def _plainly(model: Model) -> tuple[str, Model]:
    """Return how the model is written, "" if it does not say, and the same model written plainly."""
    config = json.loads(model.config)
    if not isinstance(config, dict) or WRITTEN not in config:
        return "", model
    same = canonical({**config, WRITTEN: PLAIN})
    return str(config[WRITTEN]), Model(model.layer, same, model.open_axes)


def _measure(into: Measured, plain: Sequence[Outcome], tricks: Sequence[Outcome], path: Path, facts: Facts) -> None:
    into.pairs += 1
    into.plain += ran(plain)
    into.tricks += ran(tricks)
    if not (ran(plain) and ran(tricks)):
        return
    into.both += 1
    for ratios, step in ((into.given, path[-2]), (into.left, path[-1])):
        before, after = operators(plain, step), operators(tricks, step)
        if before and after is not None:
            ratios.append(after / before)
    times = microseconds(plain), microseconds(tricks)
    if times[0] > 0 and times[1] > 0:
        into.times.append(times[1] / times[0])
    counts = _left(plain, path[-1]), _left(tricks, path[-1])
    if all(counts):
        families = facts.families.get(facts.step(path[-1]).representation, {})
        for found, counted in zip(into.fused, counts, strict=True):
            found.append(sum(n for name, n in counted.items() if families.get(name) == Family.FUSED.value))
        into.lost.update(set(counts[0]) - set(counts[1]))


def _left(outcomes: Iterable[Outcome], runtime: str) -> Mapping[str, int]:
    """Return the operators that the runtime's own optimisation leaves, none where they are not counted."""
    return next((one.op_counts[runtime] for one in outcomes if runtime in one.op_counts), {})


def _row(written: str, runtime: str, measured: Measured) -> dict[str, object]:
    return {
        "written": written,
        "runtime": runtime,
        "pairs": measured.pairs,
        "plain": measured.plain,
        "tricks": measured.tricks,
        "given": middle(measured.given),
        "left": middle(measured.left),
        "times": middle(measured.times),
        "slowest": max(measured.times, default=middle([])),
        "fused": tuple(middle(found) for found in measured.fused),
        "lost": sorted(measured.lost),
        "both": bool(runtime) and measured.both,
    }


SECTION = Section(
    name="advice_tricks",
    order=30,
    title="Avoid small tricks",
    context=context,
    html="advice_tricks.html.jinja",
    markdown="",
    pages=("advice",),
    keeps=keeps,
    published="advice_tricks.published.jinja",
)
