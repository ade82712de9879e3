"""The versions that everything ran with."""

from __future__ import annotations

from collections.abc import Mapping

from nnparity.pages import Page, Recorded, Section


def context(recorded: Recorded) -> Mapping[str, object]:
    facts = recorded.facts
    return {
        "cpu": facts.cpu,
        "environments": [
            {
                "name": name,
                "versions": sorted(one.versions.items()),
                "licences": sorted(one.licences.items()),
                "components": one.components,
                "megabytes": one.megabytes,
            }
            for name, one in facts.environments.items()
        ],
    }


def keeps(recorded: Recorded) -> Mapping[str, object]:
    facts = recorded.facts
    return {
        "environments": [
            [name, sorted(one.versions.items()), list(one.components)] for name, one in facts.environments.items()
        ]
    }


PAGE = Page(name="machine", order=40, title="Versions and times", file="machine.html")
SECTION = Section(
    name="environments",
    order=80,
    title="Environments",
    pages=("machine",),
    context=context,
    html="environments.html.jinja",
    markdown="environments.md.jinja",
    keeps=keeps,
    published="environments.published.jinja",
)
