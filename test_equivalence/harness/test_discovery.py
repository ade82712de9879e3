"""Adding a thing is one new file, and it runs; a file that is broken is named, and costs the others nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnparity import discovery
from nnparity.bench import Bench
from nnparity.cache import ArtifactCache
from nnparity.cases import save_case
from nnparity.discovery import FOUND, Content, discover
from nnparity.environments import Environments
from nnparity.errors import UserError
from nnparity.layers import Case
from nnparity.outcome import Status, Verdict

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

TOY = Path(__file__).with_name("toy")
CONVERSIONS, RUNTIMES = "converters/conversions", "converters/runtimes"
TABLE_FROM_TOY, TABLE_TIDIED = f"{CONVERSIONS}/table_from_toy.py", f"{CONVERSIONS}/table_tidied.py"
TABLE_CPU = f"{RUNTIMES}/table_cpu.py"
TABLE = "converters/representations/table.py"


def toy_paths(content: Content) -> set[str]:
    return {route.id for route in content.routes if route.root == "toy"}


def problems(content: Content) -> str:
    return "\n".join(map(str, content.broken))


def test_own_content_has_no_broken_file() -> None:
    assert problems(discover()) == ""


def test_third_partys_folders_add_to_ours(world: World) -> None:
    content, ours = world.content(), discover()
    assert problems(content) == ""
    assert set(content.layers) == {*ours.layers, "toy_scale"}
    assert set(content.components) == {*ours.components, "table_from_toy", "table_tidied", "table_cpu", "toy_eager"}
    assert {route.id for route in ours.routes} == {route.id for route in content.routes if route.root != "toy"}
    assert toy_paths(content) == {
        "toy>toy_eager", "toy>table_from_toy>table_cpu", "toy>table_from_toy>table_tidied>table_cpu"
    }  # fmt: skip


@pytest.fixture
def built(built_world: World) -> World:
    """Return a world in which checks run in the environment that uv built."""
    return built_world


def checked(world: World, path: str, layer: str = "toy_scale") -> Verdict:
    content = world.content()
    assert problems(content) == ""
    with Bench(content, Environments(content.environments, world.cache), ArtifactCache(world.cache)) as bench:
        outcome = world.check(bench, path, layer=layer)
    assert outcome.status in {Status.MATCH, Status.MISMATCH}, outcome.detail
    return outcome.verdict


def test_new_layer_is_one_file_and_runs(built: World) -> None:
    built.add("models/again.py", "models/toy_scale.py", ('name="toy_scale"', 'name="again"'))
    assert checked(built, "toy>table_from_toy>table_cpu", "again") is Verdict.PASS


def test_new_conversion_is_one_file_and_runs(built: World) -> None:
    built.add(f"{CONVERSIONS}/table_by_toy.py", TABLE_FROM_TOY, ('name = "table_from_toy"', 'name = "table_by_toy"'))
    assert checked(built, "toy>table_by_toy>table_tidied>table_cpu") is Verdict.PASS


def test_new_conversion_that_is_wrong_fails(built: World) -> None:
    change = ('{"factor": factor}', '{"factor": factor + 1e-3}')
    built.add(f"{CONVERSIONS}/wrong.py", TABLE_FROM_TOY, ('name = "table_from_toy"', 'name = "wrong"'), change)
    assert checked(built, "toy>wrong>table_cpu") is Verdict.FAIL
    assert checked(built, "toy>table_from_toy>table_cpu") is Verdict.PASS


def test_new_runtime_with_two_settings_is_one_file_and_runs(built: World) -> None:
    built.add(
        f"{RUNTIMES}/two.py",
        TABLE_CPU,
        ('    name = "table_cpu"\n', "    def __init__(self, name: str) -> None:\n        self.name = name\n\n"),
        ("COMPONENT = TableCpu()", 'COMPONENTS = (TableCpu("table_fast"), TableCpu("table_slow"))'),
    )
    for name in ("table_fast", "table_slow"):
        assert checked(built, f"toy>table_from_toy>{name}") is Verdict.PASS


def test_new_representation_is_one_file_and_runs(built: World) -> None:
    built.add(
        "converters/representations/list.py", "converters/representations/table.py", ('name = "table"', 'name = "list"')
    )
    built.add(
        f"{CONVERSIONS}/list_from_table.py",
        TABLE_TIDIED,
        ("table_tidied", "list_from_table"),
        ('target = "table"', 'target = "list"'),
    )
    built.add(f"{RUNTIMES}/list_cpu.py", TABLE_CPU, ("table_cpu", "list_cpu"), ('("table",)', '("list",)'))
    assert checked(built, "toy>table_from_toy>list_from_table>list_cpu") is Verdict.PASS


def test_new_environment_is_one_file_and_runs(built: World) -> None:
    built.add("converters/environments/own.py", "converters/environments/toy.py", ('name="toy"', 'name="own"'))
    built.add(f"{RUNTIMES}/own.py", TABLE_CPU, ("table_cpu", "own_cpu"), ('environment = "toy"', 'environment = "own"'))
    content = built.content()
    Environments(content.environments, built.cache).build("own")
    assert checked(built, "toy>table_from_toy>own_cpu") is Verdict.PASS


@pytest.mark.parametrize("file", [TABLE_FROM_TOY, TABLE_TIDIED, TABLE_CPU])
def test_paths_through_any_component_that_says_so_are_on_demand(world: World, file: str) -> None:
    before = world.content()
    assert not any(before.is_on_demand(route) for route in before.routes if route.root == "toy")
    world.edit(file, "    environment", "    on_demand = True\n    environment")
    content = world.content()
    name = Path(file).stem
    assert toy_paths(content) == toy_paths(before)
    assert content.on_demand == before.on_demand | {name}
    for route in content.routes:
        if route.root == "toy":
            assert content.is_on_demand(route) is (name in route.steps)


def header(requires: str, *dependencies: str) -> str:
    lines = [f'requires-python = "{requires}"', "dependencies = [", *(f'  "{one}",' for one in dependencies), "]"]
    return "".join(f"# {line}\n" for line in ("/// script", *lines, "///"))


def with_header(world: World, head: str) -> Content:
    file = world.add(f"{RUNTIMES}/own.py", TABLE_CPU, ("table_cpu", "own_cpu"), ('    environment = "toy"\n', ""))
    file.write_text(head + file.read_text(encoding="utf-8"), encoding="utf-8")
    return world.content()


def test_component_with_a_header_instead_of_an_environment_runs(built: World) -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    content = with_header(built, header(f"=={own}.*", "numpy==2.4.6"))
    spec = content.environments[content.runtimes["own_cpu"].environment]
    assert (spec.python, spec.packages) == (own, ("numpy==2.4.6",))
    Environments(content.environments, built.cache).build(spec.name)
    assert checked(built, "toy>table_from_toy>own_cpu") is Verdict.PASS


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        ("", "own"),
        (">=3.9", "own"),
        (">=3.9,<3.12", "3.11"),
        ("<3.10", "3.9"),
        ("==3.8.*", "3.8"),
        ("~=3.10.2", "3.10"),
    ],
)
def test_header_gets_a_python_that_it_allows(
    world: World, monkeypatch: pytest.MonkeyPatch, requires: str, python: str
) -> None:
    monkeypatch.setattr(discovery, "PYTHONS", ("3.11", *discovery.PYTHONS[1:]))
    content = with_header(world, header(requires, "numpy"))
    assert problems(content) == ""
    assert content.environments["of_own_cpu"].python == ("3.11" if python == "own" else python)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("", "no PEP 723 header"),
        ("# /// script\n# dependencies = [\n# ///\n", "PEP 723 header"),
        (header("=>3", "numpy"), "PEP 723 header"),
        (header(">=4", "numpy"), "leaves none"),
    ],
)
def test_component_without_a_usable_environment_is_named(world: World, head: str, words: str) -> None:
    content = with_header(world, head)
    assert words in problems(content)
    assert "own.py" in problems(content)
    assert len(toy_paths(content)) == 3


@pytest.mark.parametrize(
    "folder",
    ["models", *(f"converters/{one}" for one in ("representations", "environments", "conversions", "runtimes"))],
)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:", "SyntaxError"),
        ("import no_such_module", "no_such_module"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "no attribute"),
        ("LAYER = COMPONENT = REPRESENTATION = ENVIRONMENT = None", "NoneType"),
        ("\x00", ""),
    ],
)
def test_broken_file_is_named_and_the_others_still_run(world: World, folder: str, text: str, words: str) -> None:
    (world.folder / folder / "broken.py").write_text(text, encoding="utf-8")
    content = world.content()
    assert [one.file.name for one in content.broken] == ["broken.py"]
    assert words in problems(content)
    assert len(toy_paths(content)) == 3


@pytest.mark.parametrize(
    ("like", "change", "words"),
    [
        (TABLE_FROM_TOY, ('    target = "table"\n', ""), "target is None; expected a str"),
        (TABLE_FROM_TOY, ("def convert(", "def convert_it("), "no method `convert`"),
        (TABLE_CPU, ('("table",)', '"table"'), "accepts is 'table'; expected a tuple"),
        (TABLE_CPU, ("def load(", "def load_it("), "no method `load`"),
        (TABLE_CPU, ('("table",)', "()"), "accepts is (); expected a tuple"),
        (TABLE_CPU, ("def load(", "compile = print\n\n    def load("), "`compile` but no `compiles_to`"),
        (
            TABLE_CPU,
            ("    name =", '    on_demand = "always"\n    name ='),
            "on_demand is 'always'; expected True or False",
        ),
        (
            TABLE_FROM_TOY,
            ("    name =", "    on_demand = None\n    name ="),
            "on_demand is None; expected True or False",
        ),
        (TABLE_CPU, ('environment = "toy"', 'environment = "toi"'), "did you mean toy"),
        (TABLE, ("def family(", "def families("), "no method `family`"),
        (TABLE, ('    title = "Table"\n', ""), "title is None; expected a str"),
        (TABLE, ("    title =", '    meaning = "table_cpuu"\n    title ='), "no runtime; did you mean table_cpu"),
        (
            TABLE_CPU,
            ("    name =", '    computes_in = "half"\n    name ='),
            "computes_in is 'half'; expected one of float16",
        ),
    ],
)
def test_component_that_lacks_something_is_told_what(
    world: World, like: str, change: tuple[str, str], words: str
) -> None:
    name = Path(like).stem
    world.add(like.replace(name, "lacking"), like, (f'name = "{name}"', 'name = "lacking"'), change)
    content = world.content()
    assert [one.file.name for one in content.broken] == ["lacking.py"]
    assert words in problems(content)
    assert len(toy_paths(content)) == 3


@pytest.mark.parametrize(
    ("like", "words"),
    [
        (Case("toy_scal", {}, 0, {}), "a case of 'toy_scal', and there is no such layer; did you mean toy_scale"),
        (Case("toy_scale", {}, 0, {}, relation="shift"), "about 'shift', a relation it does not have"),
        (None, "expected a file that nnparity wrote"),
    ],
)
def test_found_case_that_fits_no_layer_is_named(world: World, like: Case | None, words: str) -> None:
    folder = world.models / FOUND / "toy_scale"
    file = folder / "torn.npz" if like is None else save_case(like, folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    if like is None:
        file.write_bytes(b"torn")
    content = world.content()
    assert [one.file for one in content.broken] == [file]
    assert words in problems(content)
    assert not content.found


def test_two_components_of_one_name_in_a_file_are_refused(world: World) -> None:
    world.add(f"{RUNTIMES}/two.py", TABLE_CPU, ("COMPONENT = TableCpu()", "COMPONENTS = (TableCpu(), TableCpu())"))
    content = world.content()
    assert [one.file.name for one in content.broken] == ["two.py"]
    assert "two components are named 'table_cpu'" in problems(content)
    assert len(toy_paths(content)) == 3


@pytest.mark.parametrize("name", ["", "a>b", "a b", "a/b", "*", "toy_[ab]", "-o", ".hidden", "größe", 3, None])
@pytest.mark.parametrize(
    "like",
    [
        "models/toy_scale.py",
        TABLE_FROM_TOY,
        TABLE_CPU,
        "converters/environments/toy.py",
        TABLE,
    ],
)
def test_name_that_no_path_or_file_could_hold_is_refused(world: World, like: str, name: object) -> None:
    old = Path(like).stem
    written = f'name="{old}"' if old in {"toy_scale", "toy"} else f'name = "{old}"'
    world.add(str(Path(like).with_name("zz.py")), like, (written, f"name = {name!r}"))
    content = world.content()
    assert [one.file.name for one in content.broken] == ["zz.py"]
    assert f"the name {name!r}: expected" in problems(content)
    assert len(toy_paths(content)) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('eager = "toy_eager"', 'eager = "toy_eagre"'),
        ('    eager = "toy_eager"\n', ""),
        ('eager = "toy_eager"', "eager = None"),
        ('eager = "toy_eager"', 'eager = "table_cpu"'),
    ],
)
def test_root_that_no_runtime_runs_is_named_and_the_other_roots_still_run(world: World, old: str, new: str) -> None:
    world.edit("converters/representations/toy.py", old, new)
    content = world.content()
    assert [one.file.name for one in content.broken] == ["toy.py"]
    assert "set `eager` to one of: toy_eager" in problems(content)
    assert toy_paths(content) == set()
    assert {route.id for route in content.routes} == {route.id for route in discover().routes}


def test_root_whose_eager_runtime_does_not_load_costs_the_other_roots_nothing(world: World) -> None:
    world.edit(f"{RUNTIMES}/toy_eager.py", "class EagerSession:", "class EagerSession(no_such_name):")
    content = world.content()
    assert [one.file.name for one in content.broken] == ["toy_eager.py", "toy.py"]
    assert {route.id for route in content.routes} == {route.id for route in discover().routes}


@pytest.mark.parametrize(
    ("file", "like", "change"),
    [
        ("models/zz.py", "models/toy_scale.py", ("name", "name")),
        ("models/zz.py", "models/toy_scale.py", ('name="toy_scale"', 'name="softmax"')),
        (f"{CONVERSIONS}/zz.py", TABLE_TIDIED, ("name", "name")),
        (f"{CONVERSIONS}/zz.py", TABLE_TIDIED, ('name = "table_tidied"', 'name = "onnx_from_torch"')),
        (f"{RUNTIMES}/zz.py", TABLE_CPU, ('name = "table_cpu"', 'name = "table_tidied"')),
        (f"{RUNTIMES}/zz.py", TABLE_CPU, ('name = "table_cpu"', 'name = "toy"')),
        (f"{RUNTIMES}/zz.py", TABLE_CPU, ('name = "table_cpu"', 'name = "torch"')),
        (f"{CONVERSIONS}/zz.py", TABLE_FROM_TOY, ('name = "table_from_toy"', 'name = "toy"')),
        (f"{CONVERSIONS}/zz.py", TABLE_TIDIED, ('name = "table_tidied"', 'name = "table"')),
        ("converters/environments/zz.py", "converters/environments/toy.py", ("name", "name")),
        ("converters/representations/zz.py", "converters/representations/table.py", ("name", "name")),
    ],
)
def test_name_that_is_taken_is_refused_and_the_first_stays(
    world: World, file: str, like: str, change: tuple[str, str]
) -> None:
    world.add(file, like, change)
    content = world.content()
    assert [one.file.name for one in content.broken] == ["zz.py"]
    assert "is taken by" in problems(content)
    assert len(toy_paths(content)) == 3


KNOWN = """
import numpy as np
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status
witness = Case("toy_scale", {"batch": 1, "dtype": "float32"}, 0, {"x": np.ones(1)})
KNOWN = [
    KnownDivergence(
        "table_cpu", layer="toy_scale", stage=Stage.RUN, status=Status.CRASH, fix=Fix.HERE,
        reason="", link="", versions=(), witness=witness,
    )
]
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"table_cpu"', '"table_cqu"'),
        ('"table_cpu"', '"table"'),  # a representation that no path starts at is no step of any path
        ('layer="toy_scale"', 'layer="toy_scael"'),
    ],
)
def test_known_divergence_of_something_unknown_is_named(world: World, old: str, new: str) -> None:
    (world.converters / "known").mkdir()
    (world.converters / "known" / "table_cpu.py").write_text(KNOWN, encoding="utf-8")
    assert len(world.content().known) == 1 + len(discover().known)
    assert problems(world.content()) == ""
    world.edit("converters/known/table_cpu.py", old, new)
    assert "names a layer, component or root that is not there" in problems(world.content())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("versions=()", 'versions=("numpy=<2",)', "'numpy=<2'"),
        ("versions=()", 'versions="numpy<2"', "'<'"),
        ("versions=()", "versions=(2,)", "TypeError"),
        ("KNOWN = [", "KNOWN = [None,", "expected KnownDivergence"),
        ("KNOWN = [", "KNOWN = None and [", "TypeError"),
    ],
)
def test_known_divergence_that_cannot_be_asked_is_named_and_left_out(
    world: World, old: str, new: str, words: str
) -> None:
    (world.converters / "known").mkdir()
    assert old in KNOWN
    (world.converters / "known" / "table_cpu.py").write_text(KNOWN.replace(old, new), encoding="utf-8")
    content = world.content()
    assert [one.file.name for one in content.broken] == ["table_cpu.py"]
    assert words in problems(content)
    assert not [entry for entry in content.known if entry.component == "table_cpu"]
    assert len(toy_paths(content)) == 3


def test_layer_for_an_unknown_root_alone_is_named(world: World) -> None:
    world.add(
        "models/zz.py", "models/toy_scale.py", ('name="toy_scale"', 'name="zz"'), ('build={"toy"', 'build={"toi"')
    )
    content = world.content()
    assert "zz is built for toi, and there is no such representation; did you mean toy" in problems(content)
    assert len(toy_paths(content)) == 3


def test_further_root_without_a_representation_is_no_path(world: World) -> None:
    world.edit("models/toy_scale.py", 'build={"toy": build_toy}', 'build={"toy": build_toy, "jax": build_toy}')
    content = world.content()
    assert problems(content) == ""
    assert "jax" not in content.roots


def test_folder_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a folder"):
        discover(models=[tmp_path / "none"])
