"""The graphs of what layers become: which are drawn, and as what they are recorded."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from nnparity.bench import Bench
from nnparity.contracts import Operator
from nnparity.discovery import Route
from nnparity.layers import Case, LayerSpec
from nnparity.outcome import Failure
from nnparity.plan import draw, seed_of, weight_seed

MOST_OPERATORS = 400
"""Of a graph that is drawn; nobody reads a larger one, and its layout takes a browser seconds."""


def graphs_of(
    bench: Bench, layers: Collection[str], routes: Collection[Route], seed: int, *, jobs: int = 1
) -> dict[str, dict[str, str]]:
    """Return, for every layer, what its first example becomes by the steps that make it, as `recorded` writes it.

    What cannot be converted or drawn has no graph.
    """
    cases = [case for name in sorted(layers) if (case := _first_case(bench.content.layers[name], seed))]
    return graphs_of_cases(bench, cases, routes, jobs=jobs)


def graphs_of_cases(
    bench: Bench, cases: Sequence[Case], routes: Collection[Route], *, jobs: int = 1
) -> dict[str, dict[str, str]]:
    """Return, for the layer of each case, what `graphs_of` does."""
    whole = {(route.root, *route.conversions) for route in routes}
    chains = sorted({chain[: count + 1] for chain in whole for count in range(len(chain))})
    with ThreadPoolExecutor(jobs) as executor:
        drawn = executor.map(lambda case: _graphs(bench, case, chains), cases)
        return {case.layer: graphs for case, graphs in zip(cases, drawn, strict=True) if graphs}


def _first_case(layer: LayerSpec, seed: int) -> Case | None:
    """Return a case of the first example, None for a layer that cannot draw one: the run has said so."""
    config = layer.examples[0]
    try:
        inputs = draw(layer.inputs(config), count=1, seed=seed_of(seed, layer.name, config))[0]
    except Exception:  # noqa: BLE001 a layer's own function may raise anything
        return None
    return Case(layer.name, config, weight_seed(seed, config), inputs)


def _graphs(bench: Bench, case: Case, chains: Sequence[tuple[str, ...]]) -> dict[str, str]:
    graphs = {}
    for chain in chains:
        try:
            made = bench.build(case, chain[0])
            for step in chain[1:]:
                made = bench.convert(made, step)
            drawn = bench.draw(made, chain[-1])
        except Failure:  # the checks have recorded why
            continue
        if drawn is not None:
            graphs[">".join(chain)] = recorded(*drawn)
    return graphs


def recorded(inputs: Sequence[str], operators: Sequence[Operator]) -> str:
    """Return a graph as one JSON text: so two runs' graphs are never mixed when their facts are united.

    {"inputs": [names], "operators": [[name, shapes, takes, within]]}; takes: places of inputs and operators, in one
    count. {"operators": n} for one with more operators than are drawn.
    """
    if len(operators) > MOST_OPERATORS:
        return json.dumps({"operators": len(operators)})
    givers: dict[str, int] = {name: place for place, name in enumerate(inputs)}
    givers |= {value: len(inputs) + place for place, one in enumerate(operators) for value in one.gives}
    rows = [
        [
            one.name,
            ", ".join(filter(None, one.shapes)),
            sorted({givers[value] for value in one.takes if value in givers}),
            one.within,
        ]
        for one in operators
    ]
    return json.dumps({"inputs": list(inputs), "operators": rows}, separators=(",", ":"))
