"""Settings of one runtime, and optimisers right before it, against each other: no converter lies between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from nnparity.facts import Facts
from nnparity.figures import optimisers_in
from nnparity.outcome import Outcome, Stage
from nnparity.pages import Recorded, Section

Path = tuple[str, ...]
Case = tuple[str, str]


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes, facts = recorded.outcomes, recorded.facts
    places = {path: _place(path, facts) for path in {outcome.path for outcome in outcomes}}
    groups: dict[tuple[Path, str], dict[str, dict[Case, Outcome]]] = {}
    for outcome in outcomes:
        group, setting = places[outcome.path]
        if group[1]:
            settings = groups.setdefault(group, {})
            settings.setdefault(setting, {})[outcome.layer, outcome.case] = outcome
    return {"groups": [_group(path, settings) for (path, _), settings in sorted(groups.items()) if len(settings) > 1]}


def _place(path: Path, facts: Facts) -> tuple[tuple[Path, str], str]:
    """Return what the path shares with its other settings, the runtime's environment in it, and its own setting."""
    optimisers = optimisers_in(path, facts)
    artifact = tuple(step for step in path[:-1] if step not in optimisers)
    return (artifact, facts.step(path[-1]).environment), " > ".join((*optimisers, path[-1]))


def _group(path: Path, settings: Mapping[str, Mapping[Case, Outcome]]) -> dict[str, object]:
    names = sorted(settings)
    shared = set.intersection(*(set(settings[name]) for name in names))
    compared = [key for key in sorted(shared) if all(settings[name][key].stage is Stage.COMPARE for name in names)]
    apart: dict[str, Counter[tuple[str, ...]]] = {}
    for key in compared:
        found = tuple(settings[name][key].status.value for name in names)
        if len(set(found)) > 1:
            apart.setdefault(key[0], Counter())[found] += 1
    return {
        "path": ">".join(path),
        "settings": names,
        "compared": len(compared),
        "apart": sum(sum(counts.values()) for counts in apart.values()),
        "layers": [
            {"layer": layer, "found": found, "count": count}
            for layer, counts in apart.items()
            for found, count in sorted(counts.items())
        ],
    }


SECTION = Section(
    name="settings",
    order=55,
    title="Settings of one runtime against each other",
    pages=("divergences",),
    context=context,
    html="settings.html.jinja",
    markdown="settings.md.jinja",
)
