"""What a user names is what runs; a name that is not there is told with the nearest, and where it may have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nnparity.errors import UserError
from nnparity.options import Selection

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World


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
        selection.routes(content)

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
        selection.routes(content)

    with pytest.raises(UserError, match=r"did you mean.*table_cpu\.py does not load: NameError"):
        use()


@pytest.mark.parametrize("glob", ["toy>*", "*table_tidied*", "table_tidied", "toy>table_from_toy>table_cpu"])
def test_path_option_takes_globs_ids_and_steps(world: World, glob: str) -> None:
    content = world.content()
    routes = Selection(paths=(glob,)).routes(content)
    assert routes
    assert all(route.root == "toy" for route in routes)
