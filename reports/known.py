"""Known divergences that this run met: why they are there and whose move it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnparity.facts import Facts, KnownFacts
from nnparity.outcome import Outcome, Verdict
from nnparity.pages import Page, Recorded, Section

MOVES = {
    "here": "ours",
    "upstream": "upstream's",
    "allowed": "nobody's: what is linked allows it",
    "never": "nobody's: it stays",
}


def context(recorded: Recorded) -> Mapping[str, Any]:
    outcomes, facts = recorded.outcomes, recorded.facts
    seen: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.known and outcome.verdict in {Verdict.XFAIL, Verdict.ALLOWED, Verdict.XPASS}:
            seen.setdefault(outcome.known, []).append(outcome)
    concerned = {name for name in {*facts.known, *seen} if _concerns(recorded, name, seen.get(name, ()))}
    entries = [_entry(name, seen[name], facts) for name in sorted(seen) if name in concerned]
    return {
        **_by_cause(entries, recorded),
        "entries": entries,
        "unseen": sorted(concerned - set(seen)),
        "recorded": len(concerned),
    }


def keeps(recorded: Recorded) -> Mapping[str, object]:
    """Return what was met, by component: of entries with one cause the layers and checks together."""
    return _by_cause(context(recorded)["entries"], recorded)


def _by_cause(entries: Sequence[Mapping[str, Any]], recorded: Recorded) -> dict[str, object]:
    by_component: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    for entry in entries:
        cause = (entry["reason"], entry["link"], entry["move"], entry["where"])
        same = by_component.setdefault(entry["component"], {}).setdefault(cause, {"layers": set(), "checks": 0})
        same["layers"].update(entry["layers"])
        same["checks"] += entry["count"]
    return {
        "met": len(entries),
        "recorded": len({*recorded.facts.known, *(entry["name"] for entry in entries)}),
        "components": {
            name: [[*cause, sorted(same["layers"]), same["checks"]] for cause, same in sorted(causes.items())]
            for name, causes in sorted(by_component.items())
        },
    }


def _concerns(recorded: Recorded, name: str, seen: Sequence[Outcome]) -> bool:
    """Return whether the page is about the entry: about everything, its component, or its layer."""
    said = recorded.facts.known.get(name, KnownFacts())
    if recorded.page == "component":
        return recorded.about in {said.component, *(outcome.component for outcome in seen)}
    if recorded.page == "layer":
        return bool(seen) or said.layer == recorded.about
    return True


def _entry(name: str, outcomes: Sequence[Outcome], facts: Facts) -> dict[str, object]:
    said = facts.known.get(name, KnownFacts())
    witnesses = [outcome for outcome in outcomes if outcome.witness]
    first = outcomes[0]
    return {
        "name": name,
        "component": said.component or first.component,
        "where": f"{said.stage or first.stage.value} {said.status or first.status.value}",
        "layers": sorted({outcome.layer for outcome in outcomes}),
        "paths": sorted({outcome.path_id for outcome in outcomes}),
        "move": MOVES.get(said.fix, said.fix or "not said"),
        "reason": said.reason or "no reason is given in this results file",
        "link": said.link,
        "versions": said.versions,
        "processor": said.processor,
        "count": len(outcomes),
        "witness": _witness(witnesses),
    }


def _witness(witnesses: Sequence[Outcome]) -> str:
    if not witnesses:
        return "not run here"
    cases = ", ".join(sorted({outcome.case for outcome in witnesses}))
    if any(outcome.verdict is Verdict.XPASS for outcome in witnesses):
        return f"{cases} matches now: delete the entry"
    return f"{cases} still diverges"


PAGE = Page(name="divergences", order=20, title="Known divergences", file="divergences.html")
SECTION = Section(
    name="known",
    order=40,
    title="Known divergences seen",
    pages=("divergences", "layer", "component"),
    context=context,
    html="known.html.jinja",
    markdown="known.published.jinja",
    keeps=keeps,
    published="known.published.jinja",
)
