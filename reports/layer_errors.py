"""How one layer's errors lie on each path, as shares of what rounding alone explains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from nnparity.matrix import BAD, Path, short
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Recorded, Section

KINDS = {Verdict.PASS: "matched", Verdict.XFAIL: "known", Verdict.ALLOWED: "allowed"} | dict.fromkeys(BAD, "failed")


def context(recorded: Recorded) -> Mapping[str, object]:
    by_path: dict[Path, list[Outcome]] = {}
    for outcome in recorded.outcomes:
        if not math.isnan(outcome.error_over_budget) and outcome.verdict in KINDS:
            by_path.setdefault(outcome.path, []).append(outcome)
    return {"rows": [_row(path, by_path[path]) for path in sorted(by_path)]}


def _row(path: Path, outcomes: Sequence[Outcome]) -> dict[str, object]:
    errors = sorted(one.error_over_budget for one in outcomes)
    kinds = sorted({KINDS[one.verdict] for one in outcomes})
    return {
        "path": f"{path[0]}: {short(path)}",
        "compared": len(errors),
        "exact": sum(1 for error in errors if error == 0),
        "median": median(errors) if math.isfinite(errors[-1]) else errors[len(errors) // 2],
        "greatest": errors[-1],
        "beyond": sum(1 for error in errors if error > 1),
        "points": {
            kind: " ".join(sorted(f"{one.error_over_budget:.3g}" for one in outcomes if KINDS[one.verdict] == kind))
            for kind in kinds
        },
    }


SECTION = Section(
    name="errors",
    order=30,
    title="Errors",
    context=context,
    html="layer_errors.html.jinja",
    markdown="",
    pages=("layer",),
)
