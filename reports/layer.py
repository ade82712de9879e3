"""A page about each layer; first of all what it computes and what its checks came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnparity.facts import Facts
from nnparity.matrix import Tally
from nnparity.merging import canonical
from nnparity.outcome import Outcome
from nnparity.pages import Page, Recorded, Section, Subjects


def subjects(outcomes: Sequence[Outcome], facts: Facts) -> Subjects:
    """Return every layer's outcomes."""
    by_layer: dict[str, list[Outcome]] = {layer: [] for layer in sorted(facts.layers)}
    for outcome in outcomes:
        by_layer[outcome.layer].append(outcome)
    return by_layer


def context(recorded: Recorded) -> Mapping[str, object]:
    configs = {id(outcome.config): dict(outcome.config) for outcome in recorded.outcomes}
    return {
        "layer": recorded.facts.layers[recorded.about],
        "tally": Tally.of(recorded.outcomes),
        "cases": len({outcome.case for outcome in recorded.outcomes}),
        "configs": len({canonical(config) for config in configs.values()}),
        "paths": len({outcome.path for outcome in recorded.outcomes}),
    }


PAGE = Page(name="layer", order=60, title="Layer", file="layers/{}.html", subjects=subjects)
SECTION = Section(
    name="layer", order=10, title="What it is", context=context, html="layer.html.jinja", markdown="", pages=("layer",)
)
