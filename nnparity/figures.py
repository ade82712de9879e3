"""What several pages measure alike on recorded outcomes: by model, and only where something ran."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from nnparity.facts import Facts
from nnparity.merging import canonical
from nnparity.outcome import Outcome, Stage

Path = tuple[str, ...]
ByPath = Mapping[Path, Sequence[Outcome]]


@dataclass(frozen=True)
class Model:
    """One layer with one config, its batch fixed or open."""

    layer: str
    config: str
    open_axes: tuple[str, ...]


def by_model(outcomes: Iterable[Outcome]) -> dict[Model, dict[Path, list[Outcome]]]:
    """Return the outcomes of every model on every path; those of witnesses and relations are left out."""
    texts: dict[int, str] = {}  # by identity: outcomes share their configs, and there are many times fewer
    found: dict[Model, dict[Path, list[Outcome]]] = {}
    for one in outcomes:
        if one.witness or one.relation:
            continue
        if id(one.config) not in texts:
            texts[id(one.config)] = canonical(dict(one.config))
        model = Model(one.layer, texts[id(one.config)], one.open_axes)
        found.setdefault(model, {}).setdefault(one.path, []).append(one)
    return found


def ran(outcomes: Iterable[Outcome]) -> bool:
    """Return whether any got as far as a comparison: the path takes it, rightly or wrongly."""
    return any(one.stage is Stage.COMPARE for one in outcomes)


def operators(outcomes: Iterable[Outcome], step: str) -> int | None:
    """Return how many operators the step leaves, None where it is not counted."""
    return next((one.op_total[step] for one in outcomes if step in one.op_total), None)


def microseconds(outcomes: Iterable[Outcome]) -> float:
    """Return the median time of a run, NaN where none was timed."""
    return middle([one.run_microseconds for one in outcomes if math.isfinite(one.run_microseconds)])


def middle(values: Sequence[float]) -> float:
    """Return the median, NaN of nothing."""
    return median(values) if values else math.nan


def optimisers_in(path: Path, facts: Facts) -> list[str]:
    """Return the steps of the path that leave the representation that they are given."""
    representations = [facts.step(step).representation for step in path[:-1]]
    pairs = pairwise(zip(path, representations, strict=False))
    return [step for (_, before), (step, after) in pairs if before and before == after]


def layers_with(family: str, root: str, outcomes: Iterable[Outcome], facts: Facts) -> set[str]:
    """Return the layers that have an operator of the family where they are written in the root."""
    known = facts.families.get(facts.step(root).representation, {})
    return {
        one.layer
        for one in outcomes
        if one.path[0] == root and any(known.get(operator) == family for operator in one.op_counts.get(root, ()))
    }
