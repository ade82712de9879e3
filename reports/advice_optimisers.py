"""Advice, measured: let an optimiser such as ONNX Simplifier go over the model before the runtime gets it."""

from __future__ import annotations

from collections.abc import Mapping

from nnparity.figures import by_model, microseconds, middle, operators, optimisers_in
from nnparity.outcome import Outcome, Stage, Verdict
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    measured: dict[str, dict[str, list[float]]] = {}
    for paths in by_model(recorded.outcomes).values():
        for path, outcomes in paths.items():
            optimiser = next(iter(optimisers_in(path, recorded.facts)), "")
            plain = tuple(step for step in path if step != optimiser)
            if optimiser and plain in paths:
                figures = measured.setdefault(optimiser, {"operators": [], "times": [], "changed": [], "compared": []})
                before = path[path.index(optimiser) - 1]
                _measure(figures, paths[plain], outcomes, before=before, after=optimiser)
    return {"rows": [_row(name, measured[name]) for name in sorted(measured)]}


def _measure(
    figures: Mapping[str, list[float]], plain: list[Outcome], optimised: list[Outcome], *, before: str, after: str
) -> None:
    counts = operators(optimised, before), operators(optimised, after)
    if counts[0] and counts[1] is not None:
        figures["operators"].append(counts[1] / counts[0])
    times = microseconds(plain), microseconds(optimised)
    if times[0] > 0 and times[1] > 0:
        figures["times"].append(times[1] / times[0])
    matched = {one.case for one in plain if one.verdict is Verdict.PASS}
    compared = [one for one in optimised if one.case in matched and one.stage is Stage.COMPARE]
    figures["compared"].append(len(compared))
    figures["changed"].append(sum(one.verdict is not Verdict.PASS for one in compared))


def _row(name: str, figures: Mapping[str, list[float]]) -> dict[str, object]:
    ratios = figures["operators"]
    return {
        "name": name,
        "models": len(ratios),
        "fewer": sum(ratio < 1 for ratio in ratios),
        "same": sum(ratio == 1 for ratio in ratios),
        "more": sum(ratio > 1 for ratio in ratios),
        "operators": middle(ratios),
        "times": middle(figures["times"]),
        "compared": int(sum(figures["compared"])),
        "changed": int(sum(figures["changed"])),
    }


SECTION = Section(
    name="advice_optimisers",
    order=50,
    title="Use a simplifier",
    context=context,
    html="advice_optimisers.html.jinja",
    markdown="",
    pages=("advice",),
    keeps=context,
    published="advice_optimisers.published.jinja",
)
