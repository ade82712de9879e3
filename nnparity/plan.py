"""Which cases are run: examples first, then configs and inputs drawn from a seed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy, lists, sampled_from

from nnparity.cache import digest
from nnparity.contracts import Arrays, Config
from nnparity.layers import Case, LayerSpec, changed_by_relation

Drawn = TypeVar("Drawn")
BATCH = "batch"
OPEN_BATCHES = (3, 1, 2, 5)
VARIATIONS: tuple[Config, ...] = ({"dtype": "float16"}, {"dtype": "bfloat16"}, {BATCH: 0})
"""What every layer's first examples are changed to, one thing at a time, to become configs of their own.

A batch of no rows is valid for every framework, and what a detector that found nothing hands on.
"""

TOGETHER = 32


@dataclass(frozen=True)
class Profile:
    """How much is drawn for each layer: configs beside the examples, inputs for each, configs with an open batch.

    relations: for how many inputs of each model every relation of the layer is asked about. varied: how many
    examples are taken with each of VARIATIONS too, or with one of them, which differs between layers, if in_turn.
    on_demand: whether paths on demand are run without being named. examples: how many of the layer's examples are
    taken, None for all.
    """

    name: str
    configs: int
    inputs: int
    open_configs: int
    relations: int = 1
    varied: int = 0
    on_demand: bool = False
    examples: int | None = None
    in_turn: bool = False


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("glance", configs=0, inputs=2, open_configs=1, examples=1),
        Profile("suite", configs=0, inputs=2, open_configs=1, varied=1, examples=2, in_turn=True),
        Profile("quick", configs=1, inputs=3, open_configs=1, varied=1),
        Profile("ci", configs=3, inputs=6, open_configs=2, relations=2, varied=1),
        Profile("nightly", configs=40, inputs=25, open_configs=12, relations=8, varied=1, on_demand=True),
    )
}


@dataclass(frozen=True)
class Model:
    """One layer with one config and one set of weights, and the cases to run on what becomes of it."""

    layer: str
    cases: tuple[Case, ...]


def keep_notes_in(folder: Path) -> None:
    """Let Hypothesis keep what it notes while it draws in `folder`, and not in the user's current one."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder / "hypothesis"))


def draw(strategy: SearchStrategy[Drawn], *, count: int, seed: int) -> list[Drawn]:
    """Return up to `count` values, the same for the same seed; fewer if the strategy has no more."""
    drawn: list[Drawn] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Drawn) -> None:
        drawn.append(value)

    collect()
    return drawn[:count]


def draw_many(strategy: SearchStrategy[Drawn], *, count: int, seed: int) -> list[Drawn]:
    """Return `count` values, the simplest first, the same for the same seed; some may be equal.

    Hypothesis spends more on an example than on what is drawn in it, so one example gives up to TOGETHER values. The
    first that it tries is the simplest of all, a single value; some later ones may be that too.
    """
    if count == 1:
        return draw(strategy, count=1, seed=seed)
    length = min(TOGETHER, count - 1)
    lengths = sampled_from([1] + [length] * 31)
    several = lengths.flatmap(lambda size: lists(strategy, min_size=size, max_size=size))
    examples = draw(several, count=1 + -(-(count - 1) // length), seed=seed)
    drawn = [value for values in examples for value in values]
    return drawn[:count] if len(drawn) >= count else draw(strategy, count=count, seed=seed)


def configs_of(layer: LayerSpec, profile: Profile, seed: int) -> list[Config]:
    """Return the examples, drawn configs that differ from them and from each other, then the variations."""
    chosen = {json.dumps(config, sort_keys=True): config for config in examples_of(layer, profile)}
    wanted = len(chosen) + profile.configs
    for count in (3 * profile.configs // 2, 4 * profile.configs):  # more only where many of the first are equal
        if len(chosen) == wanted:
            break
        for config in draw(layer.configs, count=count, seed=seed_of(seed, layer.name)):
            if len(chosen) < wanted:
                chosen.setdefault(json.dumps(config, sort_keys=True), config)
    return [*chosen.values(), *variations(layer, profile)]


def examples_of(layer: LayerSpec, profile: Profile) -> tuple[Config, ...]:
    """Return the examples of the layer that the profile takes, the first ones."""
    return tuple(layer.examples[: profile.examples])


def variations(layer: LayerSpec, profile: Profile) -> list[Config]:
    """Return the layer's first examples, each with every one of VARIATIONS, or with the one whose turn it is."""
    turn = seed_of(layer.name) % len(VARIATIONS)
    changes = VARIATIONS[turn : turn + 1] if profile.in_turn else VARIATIONS
    return [{**config, **changed} for config in layer.examples[: profile.varied] for changed in changes]


def models_of(layer: LayerSpec, profile: Profile, seed: int) -> Iterator[Model]:
    """Yield the layer's models: each config with fixed sizes, then the first ones with the batch left open."""
    configs = configs_of(layer, profile, seed)
    for config in configs:
        inputs = draw_many(layer.inputs(config), count=profile.inputs, seed=seed_of(seed, layer.name, config))
        cases = [Case(layer.name, config, weight_seed(seed, config), arrays) for arrays in inputs]
        yield Model(layer.name, (*cases, *related(layer, cases, profile)))
    for config in configs[: profile.open_configs]:
        yield open_model(layer, config, profile, seed)


def models_with(cases: Iterable[Case]) -> Iterator[Model]:
    """Yield the models of these cases."""
    by_model: dict[str, list[Case]] = {}
    for case in cases:
        by_model.setdefault(case.model_text, []).append(case)
    yield from (Model(same[0].layer, tuple(same)) for same in by_model.values())


def open_model(layer: LayerSpec, config: Config, profile: Profile, seed: int) -> Model:
    """Return the model converted with the batch left open, run at several batch sizes.

    The example that a tracer sees has a batch of 2 or more: exporters take a size of 1 for a constant.
    """
    opened = {**config, BATCH: max(2, config[BATCH])}
    drawn: dict[int, Iterator[Arrays]] = {}
    for batch in OPEN_BATCHES[: profile.inputs]:
        sized = {**opened, BATCH: batch}
        count = -(-profile.inputs // len(OPEN_BATCHES))
        drawn[batch] = iter(draw_many(layer.inputs(sized), count=count, seed=seed_of(seed, layer.name, sized)))
    arrays = (next(drawn[OPEN_BATCHES[index % len(OPEN_BATCHES)]]) for index in range(profile.inputs))
    cases = [Case(layer.name, opened, weight_seed(seed, config), one, open_axes=(BATCH,)) for one in arrays]
    return Model(layer.name, (*cases, *related(layer, cases, profile)))


def related(layer: LayerSpec, cases: Sequence[Case], profile: Profile) -> Iterator[Case]:
    """Yield, for every relation of the layer, the first cases about which it says something."""
    for relation in layer.relations:
        asked = (replace(case, relation=relation.name) for case in cases)
        yield from islice((case for case in asked if changed_by_relation(case, layer) is not None), profile.relations)


def weight_seed(seed: int, config: Config) -> int:
    """Return the seed of the weights for this config."""
    return seed_of(seed, "weights", config) % 2**31


def seed_of(*parts: object) -> int:
    """Return an integer that depends on every part and on nothing else."""
    return int(digest(*(json.dumps(part, sort_keys=True) for part in parts))[:15], 16)


def unique(models: Iterable[Model]) -> list[Model]:
    """Return the models without cases that came up before."""
    seen: set[str] = set()
    kept = []
    for model in models:
        cases = {case.digest: case for case in model.cases if case.digest not in seen}
        seen.update(cases)
        if cases:
            kept.append(replace(model, cases=tuple(cases.values())))
    return kept
