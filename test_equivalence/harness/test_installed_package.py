"""Content of an installed package is found through its entry point; a package that gives no folder is named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from nnparity.outcome import Verdict
from nnparity.store import read_results

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from test_equivalence.harness.conftest import World

OUT = "nnparity-results"
OWN_FOLDER = 'FOLDER = Path(__file__).parent / "content"'


@dataclass
class Package:
    """Another distribution, where this interpreter looks for installed ones."""

    place: Path

    @property
    def content(self) -> Path:
        return self.place / "toys" / "content"

    def install(self, monkeypatch: pytest.MonkeyPatch, code: str, value: str = "toys:FOLDER") -> None:
        (self.place / "toys").mkdir(parents=True)
        (self.place / "toys" / "__init__.py").write_text(f"from pathlib import Path\n{code}\n", encoding="utf-8")
        metadata = self.place / "toys-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n", encoding="utf-8")
        (metadata / "entry_points.txt").write_text(f"[nnparity.content]\ntoys = {value}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(self.place)


@pytest.fixture
def package(built_world: World) -> Iterator[Package]:
    yield Package(built_world.folder / "site")
    sys.modules.pop("toys", None)


def test_content_of_an_installed_package_is_run_without_being_named(
    built_world: World, package: Package, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    package.install(monkeypatch, OWN_FOLDER)
    package.content.mkdir()
    built_world.models.rename(package.content / "models")
    built_world.converters.rename(package.content / "converters")
    ran = command("run", "--layer", "toy_scale", "--path", "toy>*")
    assert ran.exit_code == 0, ran.output
    outcomes = read_results(built_world.folder / OUT).outcomes
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}
    assert "toy>table_from_toy>table_cpu" in {outcome.path_id for outcome in outcomes}
    listed = command("list", "layers").output.splitlines()
    assert {"softmax", "toy_scale"} <= {line.split()[0] for line in listed}


@pytest.mark.parametrize("known", ["converters/known", "test_equivalence/known"])
def test_known_divergences_of_an_installed_package_count(
    built_world: World,
    package: Package,
    command: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    *,
    known: str,
) -> None:
    package.install(monkeypatch, OWN_FOLDER)
    (package.content / known).mkdir(parents=True)
    text = """
import numpy as np
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status
witness = Case("toy_scale", {"batch": 1, "dtype": "float32", "inner": [1]}, 0, {"x": np.ones((1, 1), "f4")})
KNOWN = [
    KnownDivergence(
        "table_from_toy", layer="toy_scale", stage=Stage.COMPARE, status=Status.MISMATCH, fix=Fix.HERE,
        reason="adds a tenth to the factor", link="none found: made up", versions=(), witness=witness,
    )
]
"""
    (package.content / known / "table_from_toy.py").write_text(text, encoding="utf-8")
    built_world.edit("converters/conversions/table_from_toy.py", '{"factor": factor}', '{"factor": factor + 0.1}')
    content = ("--models", str(built_world.models), "--converters", str(built_world.converters))
    ran = command("run", *content, "--layer", "toy_scale", "--component", "table_from_toy")
    assert ran.exit_code == 0, ran.output
    outcomes = read_results(built_world.folder / OUT).outcomes
    assert {outcome.verdict for outcome in outcomes if outcome.config["batch"]} == {Verdict.XFAIL}


@pytest.mark.parametrize(
    ("code", "value", "words"),
    [
        (OWN_FOLDER, "toys:FOLDER", "content"),  # it forgot to pack the folder
        ("FOLDER = __file__", "toys:FOLDER", "__init__.py"),
        (OWN_FOLDER, "toys:FOLDRE", "AttributeError"),
        (OWN_FOLDER, "toys", "TypeError"),
        (OWN_FOLDER, "tois:FOLDER", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "toys:FOLDER", "SystemExit"),
    ],
)
def test_package_that_gives_no_folder_is_named(
    package: Package,
    command: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    *,
    code: str,
    value: str,
    words: str,
) -> None:
    package.install(monkeypatch, code, value)
    ran = command("list", "layers")
    assert ran.exit_code == 2
    assert f"entry point toys = {value} of toys: " in ran.output
    assert words in ran.output
    assert "expected the path of a folder" in ran.output
