"""What is on demand is tried as well: every such component on one path, with one example of a few layers."""

from __future__ import annotations

import pytest

from nnparity.discovery import Content, Route
from nnparity.environments import Environments
from nnparity.layers import Case
from nnparity.outcome import Verdict
from nnparity.plan import draw, seed_of, weight_seed
from nnparity.plugin import CONTENT, ROUTES, SELECTION, Checks
from nnparity.progress import NEW

TRIED = ("mlp", "softmax")


def sampled(content: Content, taken: tuple[Route, ...]) -> list[Route]:
    """Return few short paths that go through every component on demand that none of those taken does, and that can run.

    A component that needs what the user must supply is tried where that is there.
    """
    lacking = {name for name in content.components if content.supply_missing(name)}
    able = [route for route in content.routes if lacking.isdisjoint(route.steps)]
    waiting = content.on_demand - lacking - {step for route in taken for step in route.steps}
    chosen = []
    while any(waiting.intersection(route.steps) for route in able):
        best = max(able, key=lambda route: (len(waiting.intersection(route.steps)), -len(route.steps)))
        chosen.append(best)
        waiting -= set(best.steps)
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "tried" in metafunc.fixturenames:
        content, asked = metafunc.config.stash[CONTENT], metafunc.config.stash[SELECTION]
        routes = sampled(content, metafunc.config.stash[ROUTES]) if asked.everything else []
        nothing = pytest.param(None, marks=pytest.mark.skip("what was asked for is all that is run"))
        metafunc.parametrize("tried", [pytest.param(route, id=route.id) for route in routes] or [nothing])


def test_what_is_on_demand_keeps_the_function(
    tried: Route, content: Content, environments: Environments, checked: Checks
) -> None:
    environments.build_all(content.environments_on([tried]), print)
    outcomes = []
    for layer in (content.layers[name] for name in TRIED):
        config = layer.examples[0]
        inputs = draw(layer.inputs(config), count=2, seed=seed_of(layer.name, config))
        outcomes += [checked(Case(layer.name, config, weight_seed(0, config), one), tried) for one in inputs]
    for outcome in outcomes:
        assert outcome.verdict not in NEW, f"{outcome.layer}: {outcome.detail}\nrepeat with: {outcome.reproduce}"
    if not any(outcome.verdict in {Verdict.PASS, Verdict.XFAIL, Verdict.ALLOWED} for outcome in outcomes):
        pytest.skip(
            "; ".join(sorted({f"{one.verdict.value}: {one.component}: {one.detail}" for one in outcomes}))[:400]
        )
