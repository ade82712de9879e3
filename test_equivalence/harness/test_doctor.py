"""The doctor finds a healthy machine healthy, and names what is not built, what fails, and what does not load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from nnparity import doctor
from nnparity.cache import ArtifactCache
from nnparity.cli import main
from nnparity.doctor import Finding, examine
from nnparity.environments import Environments

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

TABLE_CPU, TOY_EAGER = "converters/runtimes/table_cpu.py", "converters/runtimes/toy_eager.py"


@pytest.fixture(autouse=True)
def reachable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a machine of its own where packages can be fetched, which takes a network and seconds."""
    monkeypatch.setenv("NNPARITY_CACHE", str(world.cache))
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(world.cache / "hypothesis"))
    monkeypatch.setattr(doctor, "unreachable", lambda: "")


def found(world: World) -> dict[str, Finding]:
    content = world.content()
    environments = Environments(content.environments, world.cache)
    return {one.subject: one for one in examine(content, environments, ArtifactCache(world.cache))}


def test_healthy_environment_is_tried_with_a_case_that_matches(built_world: World) -> None:
    assert found(built_world)["toy"] == Finding("toy", good=True, said="toy_scale on toy>toy_eager: MATCH")


def test_environment_that_is_not_built_is_said_and_is_no_fault(world: World) -> None:
    assert found(world)["toy"] == Finding("toy", good=True, said="not built; `nnparity setup toy` does it")


@pytest.mark.parametrize("alone", [False, True])
def test_environment_is_tried_on_a_path_on_demand_only_if_it_has_no_other(built_world: World, alone: bool) -> None:
    own = ('    environment = "toy"\n', f'    environment = "{"own" if alone else "toy"}"\n    on_demand = True\n')
    built_world.add("converters/environments/own.py", "converters/environments/toy.py", ('name="toy"', 'name="own"'))
    built_world.add("converters/runtimes/a_first.py", TABLE_CPU, ('name = "table_cpu"', 'name = "a_first"'), own)
    built_world.edit(TOY_EAGER, "    environment", f"    on_demand = {not alone}\n    environment")
    environments = Environments(built_world.content().environments, built_world.cache)
    environments.build("own")
    tried = found(built_world)["own" if alone else "toy"].said
    path = "toy>table_from_toy>a_first" if alone else "toy>table_from_toy>table_cpu"
    assert tried == f"toy_scale on {path}: MATCH"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("return EagerSession(", "return no_such_name(", "ERROR: NameError"),
        ("return EagerSession(", "import os; os.abort(); return EagerSession(", "CRASH: died of signal 6"),
        ("(results,)", "(results * 2,)", "MISMATCH: "),
    ],
)
def test_component_that_fails_its_case_is_bad(built_world: World, old: str, new: str, words: str) -> None:
    built_world.edit(TOY_EAGER, old, new)
    finding = found(built_world)["toy"]
    assert not finding.good
    assert f"toy_scale on toy>toy_eager: {words}" in finding.said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def build_toy(", "def build_toy_(*_: Any) -> Any:\n    raise Unsupported('not this')\n\n\ndef build_toy("),
        ('{"toy": build_toy}', '{"torch": build_toy}'),
    ],
)
def test_layer_that_cannot_be_tried_gives_way_to_the_next(built_world: World, old: str, new: str) -> None:
    built_world.add("models/a_first.py", "models/toy_scale.py", ('name="toy_scale"', 'name="a_first"'), (old, new))
    if "build_toy_" in new:
        built_world.edit("models/a_first.py", "import Arrays,", "import Unsupported, Arrays,")
        built_world.edit("models/a_first.py", '{"toy": build_toy}', '{"toy": build_toy_}')
    assert found(built_world)["toy"].said == "toy_scale on toy>toy_eager: MATCH"


def test_layer_whose_drawing_raises_is_said_with_its_name(built_world: World) -> None:
    built_world.edit("models/toy_scale.py", "    shape = (", "    raise ValueError('no such shape')\n    shape = (")
    finding = found(built_world)["toy"]
    assert not finding.good
    assert "drawing a case of toy_scale: ValueError: no such shape" in finding.said


def test_file_that_does_not_load_is_bad(world: World) -> None:
    (world.models / "broken.py").write_text("1 / 0", encoding="utf-8")
    finding = found(world)[str(world.models / "broken.py")]
    assert (finding.good, finding.said) == (False, "does not load: ZeroDivisionError: division by zero")


@pytest.mark.parametrize(("resource", "thing"), [("DISK_BYTES", "disk"), ("MEMORY_BYTES", "memory")])
def test_machine_that_is_too_small_is_bad(
    world: World, monkeypatch: pytest.MonkeyPatch, resource: str, thing: str
) -> None:
    monkeypatch.setattr(doctor, resource, 0)
    assert found(world)[thing].good
    monkeypatch.setattr(doctor, resource, 2**60)
    assert not found(world)[thing].good


def test_interpreter_that_is_not_there_is_bad(world: World) -> None:
    world.edit("converters/environments/toy.py", "sys.version_info.major", "9 + sys.version_info.major")
    (missing,) = (one for one in found(world).values() if one.subject.startswith("Python 12."))
    assert not missing.good


def test_registry_out_of_reach_is_bad(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "unreachable", lambda: "no packages can be fetched: timed out")
    said = "no packages can be fetched: timed out"
    assert found(world)["package registry"] == Finding("package registry", good=False, said=said)


@pytest.mark.parametrize("healthy", [True, False])
def test_command_says_every_finding_and_ends_with_2_if_one_is_bad(
    built_world: World, monkeypatch: pytest.MonkeyPatch, healthy: bool
) -> None:
    for one in ("_disk", "_memory", "_compiler"):
        monkeypatch.setattr(doctor, one, lambda *_: Finding("the machine", good=True, said="fine"))
    monkeypatch.setattr(doctor, "_interpreters", lambda content: ())
    if not healthy:
        built_world.edit(TOY_EAGER, "return EagerSession(", "return no_such_name(")
    ran = CliRunner().invoke(
        main, ["doctor", "--models", str(built_world.models), "--converters", str(built_world.converters)]
    )
    assert ran.exit_code == (0 if healthy else 2), ran.output
    mark = "ok  " if healthy else "BAD "
    assert f"{mark} toy: toy_scale on toy>toy_eager: {'MATCH' if healthy else 'ERROR'}" in ran.output
    assert ("checks found something wrong" in ran.output) is not healthy
