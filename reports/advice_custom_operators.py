"""Advice, measured: learn custom operators, since some routes take one with its implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnparity.contracts import Family
from nnparity.figures import Path, layers_with, ran
from nnparity.matrix import Tally, short
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Recorded, Section


def context(recorded: Recorded) -> Mapping[str, Any]:
    roots = sorted({one.path[0] for one in recorded.outcomes})
    with_one = {root: layers_with(Family.CUSTOM.value, root, recorded.outcomes, recorded.facts) for root in roots}
    by_path: dict[Path, list[Outcome]] = {}
    for one in recorded.outcomes:
        if one.layer in with_one[one.path[0]] and len(one.path) > 2 and one.verdict is not Verdict.NOT_RUN:
            by_path.setdefault(one.path, []).append(one)
    rows = [_row(path, by_path[path]) for path in sorted(by_path)]
    return {
        "layers": sorted(set().union(*with_one.values())),
        "rows": rows,
        "taken": sum(bool(row["taken"]) for row in rows),
    }


def keeps(recorded: Recorded) -> Mapping[str, object]:
    told = context(recorded)
    return {
        "layers": told["layers"],
        "taken": [short(row["path"]) for row in told["rows"] if row["taken"]],
        "declined": [[short(row["path"]), row["component"]] for row in told["rows"] if not row["taken"]],
    }


def _row(path: Path, outcomes: list[Outcome]) -> dict[str, object]:
    declined = next((one for one in outcomes if one.verdict is Verdict.UNSUPPORTED), None)
    return {
        "path": path,
        "tally": Tally.of(outcomes),
        "taken": ran(outcomes),
        "component": declined.component if declined else "",
        "words": declined.detail if declined else "",
    }


SECTION = Section(
    name="advice_custom_operators",
    order=20,
    title="Learn custom operators",
    context=context,
    html="advice_custom_operators.html.jinja",
    markdown="",
    pages=("advice",),
    keeps=keeps,
    published="advice_custom_operators.published.jinja",
)
