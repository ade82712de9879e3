"""Which cases are run: examples first, then configs and inputs drawn from a seed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from nnparity.cache import digest
from nnparity.contracts import Config
from nnparity.layers import Case, LayerSpec

Drawn = TypeVar("Drawn")
BATCH = "batch"
OPEN_BATCHES = (3, 1, 2, 5)


@dataclass(frozen=True)
class Profile:
    """How much is drawn for each layer: configs beside the examples, inputs for each, configs with an open batch."""

    name: str
    configs: int
    inputs: int
    open_configs: int


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("quick", configs=1, inputs=3, open_configs=1),
        Profile("ci", configs=3, inputs=6, open_configs=2),
        Profile("nightly", configs=40, inputs=25, open_configs=12),
    )
}


@dataclass(frozen=True)
class Model:
    """One layer with one config and one set of weights, and the cases to run on what becomes of it."""

    layer: str
    cases: tuple[Case, ...]


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


def configs_of(layer: LayerSpec, profile: Profile, seed: int) -> list[Config]:
    """Return the examples, then drawn configs that differ from them and from each other."""
    chosen = {json.dumps(config, sort_keys=True): config for config in layer.examples}
    wanted = len(chosen) + profile.configs
    for config in draw(layer.configs, count=4 * profile.configs, seed=seed_of(seed, layer.name)):
        if len(chosen) >= wanted:
            break
        chosen.setdefault(json.dumps(config, sort_keys=True), config)
    return list(chosen.values())


def models_of(layer: LayerSpec, profile: Profile, seed: int) -> Iterator[Model]:
    """Yield the layer's models: each config with fixed sizes, then the first ones with the batch left open."""
    configs = configs_of(layer, profile, seed)
    for config in configs:
        inputs = draw(layer.inputs(config), count=profile.inputs, seed=seed_of(seed, layer.name, config))
        cases = (Case(layer.name, config, weight_seed(seed, config), arrays) for arrays in inputs)
        yield Model(layer.name, tuple(cases))
    for config in configs[: profile.open_configs]:
        yield open_model(layer, config, profile, seed)


def open_model(layer: LayerSpec, config: Config, profile: Profile, seed: int) -> Model:
    """Return the model converted with the batch left open, run at several batch sizes.

    The example that a tracer sees has a batch of 2 or more: exporters take a size of 1 for a constant.
    """
    opened = {**config, BATCH: max(2, config[BATCH])}
    cases: list[Case] = []
    for index in range(profile.inputs):
        sized = {**opened, BATCH: OPEN_BATCHES[index % len(OPEN_BATCHES)]}
        drawn = draw(layer.inputs(sized), count=1 + index // len(OPEN_BATCHES), seed=seed_of(seed, layer.name, sized))
        cases.append(Case(layer.name, opened, weight_seed(seed, config), drawn[-1], open_axes=(BATCH,)))
    return Model(layer.name, tuple(cases))


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
