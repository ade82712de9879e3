"""What a user names is what runs; a name that is not there is told with the nearest, and where it may have been."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nnparity.errors import UserError
from nnparity.options import Selection

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

ON_DEMAND = {"toy>table_from_toy>rare", "toy>table_from_toy>table_tidied>rare"}


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(layers=("toy_scal",)), "--layer 'toy_scal': no such layer; did you mean toy_scale"),
        (Selection(components=("table_from_to",)), "--component .* did you mean table_from_toy"),
        (Selection(required=("table_cpuu",)), "--require .* did you mean table_cpu"),
        (Selection(in_process=("nothing at all like it",)), "--in-process .* there are: "),
        (Selection(paths=("toy>table_from_toy>table_cp",)), "--path .* did you mean toy>table_from_toy>table_cpu"),
        (Selection(paths=("table_cp",)), "--path .* did you mean table_cpu"),
        (Selection(paths=("toy>toy_eager",), components=("table_cpu",)), "no path fits both"),
    ],
)
def test_unknown_name_is_the_users_mistake_with_the_nearest_names(
    world: World, selection: Selection, words: str
) -> None:
    content = world.content()

    def use() -> None:
        selection.check(content)
        selection.routes(content, on_demand=False)

    with pytest.raises(UserError, match=words):
        use()


@pytest.mark.parametrize(
    "selection", [Selection(components=("table_cpu",)), Selection(paths=("toy>table_from_toy>table_cpu",))]
)
def test_name_that_is_missing_because_its_file_does_not_load_is_said_with_the_file(
    world: World, selection: Selection
) -> None:
    world.edit("converters/runtimes/table_cpu.py", "class TableSession:", "class TableSession(no_such_name):")
    content = world.content()

    def use() -> None:
        selection.check(content)
        selection.routes(content, on_demand=False)

    with pytest.raises(UserError, match=r"did you mean.*table_cpu\.py does not load: NameError"):
        use()


@pytest.mark.parametrize("glob", ["toy>*", "*table_tidied*", "table_tidied", "toy>table_from_toy>table_cpu"])
def test_path_option_takes_globs_ids_and_steps(world: World, glob: str) -> None:
    content = world.content()
    routes = Selection(paths=(glob,)).routes(content, on_demand=False)
    assert routes
    assert all(route.root == "toy" for route in routes)


@pytest.mark.parametrize(
    ("selection", "everything", "taken"),
    [
        (Selection(), False, set()),
        (Selection(layers=("toy_scale",), required=("rare",)), False, set()),
        (Selection(), True, ON_DEMAND),
        (Selection(components=("rare",)), False, ON_DEMAND),
        (Selection(components=("table_tidied",)), False, {"toy>table_from_toy>table_tidied>rare"}),
        (Selection(components=("table_cpu",)), True, set()),
        (Selection(paths=("rare",)), False, ON_DEMAND),
        (Selection(paths=("toy>table_from_toy>*",)), False, ON_DEMAND),
        (Selection(paths=("toy>toy_eager",)), True, set()),
    ],
)
def test_path_on_demand_is_taken_where_it_is_asked_for_or_everything_is(
    world: World, selection: Selection, everything: bool, taken: set[str]
) -> None:
    world.add_on_demand()
    content = world.content()
    of_the_toy = {route.id for route in selection.routes(content, on_demand=everything) if route.id.endswith(">rare")}
    assert of_the_toy == taken


def test_paths_that_are_taken_and_those_left_out_are_all_there_are(world: World) -> None:
    world.add_on_demand()
    content = world.content()
    taken, left_out = Selection().routes(content, on_demand=False), Selection().left_out(content)
    assert {route.id for route in left_out} >= ON_DEMAND
    assert not set(taken) & set(left_out)
    assert {*taken, *left_out} == set(content.routes)


def test_content_whose_paths_are_all_on_demand_is_said_so(world: World) -> None:
    world.add_on_demand()
    world.edit("converters/runtimes/table_cpu.py", "    environment", "    on_demand = True\n    environment")
    world.edit("converters/runtimes/toy_eager.py", "    environment", "    on_demand = True\n    environment")
    content = world.content()
    ours = replace(content, layers={"toy_scale": content.layers["toy_scale"]})
    with pytest.raises(UserError, match="all 5 paths are on demand; --all runs them"):
        Selection().routes(ours, on_demand=False)
