"""An environment may have packages for Node.js; where npm is not there or fails, it is not built and says why."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nnparity.contracts import Environment
from nnparity.describe import licences
from nnparity.environments import BuildFailed, Environments

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SPEC = Environment("noded", PYTHON, ("numpy==2.4.6",), npm=("@x/y@1.2.3",))
Npm = Callable[[str], None]
INSTALLS = """
folder = pathlib.Path(sys.argv[sys.argv.index("--prefix") + 1]) / "node_modules" / "@x" / "y"
folder.mkdir(parents=True)
(folder / "package.json").write_text('{"name": "@x/y", "version": "1.2.3", "license": "MIT"}')
assert "--ignore-scripts" in sys.argv and sys.argv[-1] == "@x/y@1.2.3"
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Return f(Python code of npm), which puts it and a node on a path of their own."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def put(code: str) -> None:
        for name, lines in (("npm", f"import pathlib, sys\n{code}"), ("node", "")):
            (programs / name).write_text(f"#!{sys.executable}\n{lines}", encoding="utf-8")
            (programs / name).chmod(0o755)

    return put


def build(cache: Path) -> Environments:
    environments = Environments({"noded": SPEC}, cache)
    environments.build("noded")
    return environments


def test_packages_for_node_are_installed_and_their_versions_and_licences_known(tmp_path: Path, npm: Npm) -> None:
    npm(INSTALLS)
    built = build(tmp_path / "cache").installed("noded")
    assert built is not None
    assert (built.versions["@x/y"], built.versions["numpy"]) == ("1.2.3", "2.4.6")
    assert licences(built.folder, {"@x/y"}) == {"@x/y": "MIT"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("sys.exit('no such package')", "`npm install` says: no such package; look at the network"),
        ("", "`npm install` says: nothing, but @x/y@1.2.3 is not there"),
        (INSTALLS.replace('"1.2.3"', '"1.2.4"'), "@x/y@1.2.3 is not there"),
    ],
)
def test_npm_that_fails_is_told(tmp_path: Path, npm: Npm, code: str, words: str) -> None:
    npm(code)
    with pytest.raises(BuildFailed, match=words.replace("[", r"\[")):
        build(tmp_path / "cache")


def test_machine_without_node_is_told_to_install_it(tmp_path: Path, npm: Npm) -> None:
    assert os.environ["PATH"] == str(tmp_path / "programs")
    with pytest.raises(BuildFailed, match=r"install Node.js 20 or newer, then run `nnparity setup noded` again"):
        build(tmp_path / "cache")


def test_packages_for_node_are_in_the_key(tmp_path: Path) -> None:
    specs = {"with": SPEC, "other": replace(SPEC, npm=("@x/y@1.2.4",)), "without": replace(SPEC, npm=())}
    environments = Environments(specs, tmp_path)
    assert len({environments.key(name) for name in specs}) == 3
