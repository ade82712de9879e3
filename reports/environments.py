"""The versions that everything ran with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnparity.facts import Facts
from nnparity.outcome import Outcome
from nnparity.report import Section


def context(outcomes: Sequence[Outcome], facts: Facts) -> Mapping[str, object]:
    return {
        "cpu": facts.cpu,
        "environments": [
            {"name": name, "versions": sorted(one.versions.items()), "components": one.components}
            for name, one in facts.environments.items()
        ],
    }


SECTION = Section(
    name="environments",
    order=80,
    title="Environments",
    context=context,
    html="environments.html.jinja",
    markdown="environments.md.jinja",
)
