"""A drawn graph has the operators that are counted, joined by what they give and take."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from nnparity.bench import Bench
from nnparity.contracts import Operator
from nnparity.discovery import Content
from nnparity.drawn import MOST_OPERATORS, graphs_of, recorded
from nnparity.environments import Environments
from nnparity.layers import Case
from nnparity.plan import draw, seed_of, weight_seed

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

DRAWING = """
from nnparity.contracts import Operator

class TableDrawing:
    representation = "table"

    def operators(self, artifact):
        return [Operator("Mul", ("x", "factor"), ("y",), ("2x3 float32",))]

DRAWING = TableDrawing()
"""


def test_values_join_operators_and_what_nothing_gives_is_left_out() -> None:
    operators = [
        Operator("Conv", ("x", "weight"), ("a",), ("1x2 float",)),
        Operator("If", ("flag", "a"), ("b", "c"), ("", "2 bool")),
        Operator("Relu", ("a",), ("b'",), (), within=1),
        Operator("Add", ("b", "c", "b"), ("y",)),
    ]
    assert json.loads(recorded(["x", "flag"], operators)) == {
        "inputs": ["x", "flag"],
        "operators": [
            ["Conv", "1x2 float", [0], -1],
            ["If", "2 bool", [1, 2], -1],
            ["Relu", "", [2], 1],
            ["Add", "", [3], -1],
        ],
    }


def test_graph_that_nobody_could_read_is_its_size() -> None:
    operators = [Operator("Add", ("x",), ("x",))] * (MOST_OPERATORS + 1)
    assert json.loads(recorded(["x"], operators)) == {"operators": MOST_OPERATORS + 1}
    assert len(json.loads(recorded(["x"], operators[1:]))["operators"]) == MOST_OPERATORS


def test_every_representation_with_a_drawing_is_drawn_once_and_what_fails_has_no_graph(world: World) -> None:
    drawings = world.converters / "drawings"
    drawings.mkdir()
    (drawings / "table.py").write_text(DRAWING, encoding="utf-8")
    bench = world.bench()
    routes = [route for route in bench.content.routes if route.root == "toy"]
    graphs = graphs_of(bench, ["toy_scale"], routes, 0, jobs=2)
    assert set(graphs["toy_scale"]) == {"toy>table_from_toy", "toy>table_from_toy>table_tidied"}
    assert json.loads(graphs["toy_scale"]["toy>table_from_toy"])["operators"] == [["Mul", "2x3 float32", [0], -1]]
    (drawings / "table.py").write_text(DRAWING.replace("return [", "return 1 / 0, ["), encoding="utf-8")
    assert graphs_of(world.bench(), ["toy_scale"], routes, 0) == {}


def test_what_is_drawn_is_what_is_counted(content: Content, environments: Environments, bench: Bench) -> None:
    routes = [route for route in content.routes if not content.is_on_demand(route)]
    environments.build_all(content.environments_on(routes), print)
    drawn = set()
    for name in ("attention", "data_dependent_branch"):
        config = content.layers[name].examples[0]
        inputs = draw(content.layers[name].inputs(config), count=1, seed=seed_of(0, name, config))[0]
        case = Case(name, config, weight_seed(0, config), inputs)
        for chain, text in graphs_of(bench, [name], routes, 0)[name].items():
            steps = chain.split(">")
            made = bench.build(case, steps[0])
            for step in steps[1:]:
                made = bench.convert(made, step)
            graph = json.loads(text)
            assert Counter(operator for operator, *_ in graph["operators"]) == made.operators, chain
            given = range(len(graph["inputs"]))
            taken = {place for *_, takes, _ in graph["operators"] for place in takes if place in given}
            assert len(taken) >= len(given) - 1, chain  # a converter may drop an input that is not used
            drawn.add(made.representation)
    assert drawn >= {
        step.target for step in (content.conversions[one].kind for route in routes for one in route.conversions)
    } & set(content.drawing_files)
