"""Every path is whole, goes nowhere twice, and has an optimiser only right before its runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity.contracts import Conversion, Runtime
from nnparity.discovery import Component, Content, Route
from nnparity.layers import LayerSpec
from nnparity.loading import load_file

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

TOY = Path(__file__).with_name("toy")
CONVERSIONS, RUNTIMES = "converters/conversions", "converters/runtimes"
TABLE_FROM_TOY, TABLE_TIDIED = f"{CONVERSIONS}/table_from_toy.py", f"{CONVERSIONS}/table_tidied.py"
TABLE_CPU = f"{RUNTIMES}/table_cpu.py"
TABLE = "converters/representations/table.py"


def test_optimiser_stands_only_right_before_the_runtime(world: World) -> None:
    world.add(f"{CONVERSIONS}/table_sorted.py", TABLE_TIDIED, ("table_tidied", "table_sorted"))
    world.add("converters/representations/list.py", TABLE, ('name = "table"', 'name = "list"'))
    world.add(
        f"{CONVERSIONS}/list_from_table.py",
        TABLE_TIDIED,
        ("table_tidied", "list_from_table"),
        ('target = "table"', 'target = "list"'),
    )
    world.add(f"{RUNTIMES}/list_cpu.py", TABLE_CPU, ("table_cpu", "list_cpu"), ('("table",)', '("list",)'))
    assert {route.id for route in world.content().routes if route.root == "toy"} == {
        "toy>toy_eager",
        "toy>table_from_toy>table_cpu",
        "toy>table_from_toy>table_tidied>table_cpu",
        "toy>table_from_toy>table_sorted>table_cpu",
        "toy>table_from_toy>list_from_table>list_cpu",
    }


class Edge:
    """A component that only says where it stands."""

    def __init__(self, name: str, source: str, target: str) -> None:
        self.name, self.source, self.target, self.environment = name, source, target, "e"
        self.accepts: tuple[str, ...] = (source,)


def graph(edges: list[tuple[str, str]], leaves: set[str]) -> Content:
    layer = load_file(TOY / "models" / "toy_scale.py").LAYER
    toy = load_file(TOY / "converters" / "representations" / "toy.py").REPRESENTATION
    roots: dict[str, object] = {"a": None, "b": None, "no representation of this name": None}

    def component(edge: Edge) -> Component[object]:
        return Component(edge.name, Path("x.py"), "e", edge)

    eager = Edge("toy_eager", "a", "")
    eager.accepts = ("a", "b")
    conversions = [
        Edge(f"{target}_{number}_from_{source}", source, target) for number, (source, target) in enumerate(edges)
    ]
    runtimes = [eager, *(Edge(f"run_{leaf}", leaf, "") for leaf in leaves)]
    return Content(
        layers={"layer": LayerSpec(**{**vars(layer), "build": roots})},
        representations=dict.fromkeys("abcdef", toy),
        conversions={edge.name: component(edge) for edge in conversions},  # type: ignore[misc]
        runtimes={edge.name: component(edge) for edge in runtimes},  # type: ignore[misc]
    )


FORMS = st.sampled_from("abcdef")


@settings(max_examples=200)
@given(st.lists(st.tuples(FORMS, FORMS), max_size=10), st.sets(FORMS))
def test_every_path_is_whole_and_repeats_nothing(edges: list[tuple[str, str]], leaves: set[str]) -> None:
    content = graph(edges, leaves)
    for route in content.routes:
        assert holds_together(content, route)
    assert len({route.id for route in content.routes}) == len(content.routes)


def holds_together(content: Content, route: Route) -> bool:
    here, seen = route.root, [route.root]
    for index, name in enumerate(route.conversions):
        conversion: Conversion = content.conversions[name].kind
        assert conversion.source == here
        here = conversion.target
        if conversion.source == conversion.target:
            assert index == len(route.conversions) - 1
        else:
            seen.append(here)
    assert len(set(seen)) == len(seen)
    assert not set(seen[1:]) & set(content.roots)
    runtime: Runtime = content.runtimes[route.runtime].kind
    return here in runtime.accepts
