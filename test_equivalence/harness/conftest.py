"""A toy world for the tests of the engine: a root, a conversion, an optimiser and two runtimes that need only NumPy."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nnparity.bench import Bench, Limits
from nnparity.cache import ArtifactCache
from nnparity.check import check
from nnparity.cli import main
from nnparity.discovery import Content, Route, discover
from nnparity.environments import Built, Environments
from nnparity.layers import Case
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome
from nnparity.plan import PROFILES, models_of

TOY = Path(__file__).with_name("toy")
DIRECT, CONVERTED = "toy>toy_eager", "toy>table_from_toy>table_cpu"


class HostEnvironments(Environments):
    """Environments that are all this interpreter's own, so that a test need not build one."""

    def installed(self, name: str) -> Built:
        return Built(name, self.key(name), Path(sys.prefix), versions={"ml-dtypes": "0.6.0"}, megabytes=0, seconds=0.0)


@dataclass
class World:
    """A copy of the toy content that a test may change, with a cache of its own."""

    folder: Path
    benches: list[Bench] = field(default_factory=list)

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def converters(self) -> Path:
        return self.folder / "converters"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text in a content file; it must be there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        for name, module in list(sys.modules.items()):  # a run of its own would not have loaded it yet
            if getattr(module, "__file__", None) == str(path):
                del sys.modules[name]

    def add(self, file: str, like: str, *changes: tuple[str, str]) -> Path:
        """Write a new content file that is like another but for some changes."""
        shutil.copy(self.folder / like, self.folder / file)
        for old, new in changes:
            self.edit(file, old, new)
        return self.folder / file

    def add_on_demand(self) -> None:
        """Add a runtime like `table_cpu` that is on demand, named `rare`."""
        change = ('    name = "table_cpu"\n', '    name = "rare"\n    on_demand = True\n')
        self.add("converters/runtimes/rare.py", "converters/runtimes/table_cpu.py", change)

    def content(self) -> Content:
        return discover(models=[self.models], converters=[self.converters])

    def bench(self, *, limits: Limits | None = None, in_process: bool = False) -> Bench:
        """Return a bench whose environments are all this interpreter's own."""
        content = self.content()
        local = frozenset(content.components) if in_process else frozenset[str]()
        self.cache.mkdir(exist_ok=True)
        environments = HostEnvironments(content.environments, self.cache)
        bench = Bench(content, environments, ArtifactCache(self.cache), limits=limits or Limits(), in_process=local)
        self.benches.append(bench)
        return bench

    def cases(self, bench: Bench, layer: str = "toy_scale", *, seed: int = 0) -> list[Case]:
        """Return the cases of the layer's first model."""
        return list(next(models_of(bench.content.layers[layer], PROFILES["quick"], seed)).cases)

    def route(self, bench: Bench, path: str) -> Route:
        return next(route for route in bench.content.routes if route.id == path)

    def check(
        self, bench: Bench, path: str = CONVERTED, *, layer: str = "toy_scale", case: Case | None = None
    ) -> Outcome:
        """Check one case, by default the layer's first, on one path."""
        return check(case or self.cases(bench, layer)[0], self.route(bench, path), bench, Oracle(bench))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Yield a toy world that is the test's own."""
    made = World(Path(shutil.copytree(TOY, tmp_path / "toy", ignore=shutil.ignore_patterns("__pycache__"))))
    yield made
    for bench in made.benches:
        bench.close()


@pytest.fixture(scope="session")
def built_environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of built environments with the toy one in it, as uv builds it."""
    cache = tmp_path_factory.mktemp("environments")
    content = discover(models=[TOY / "models"], converters=[TOY / "converters"])
    Environments(content.environments, cache).build("toy")
    return cache / "environments"


@pytest.fixture
def built_world(world: World, built_environments: Path) -> World:
    """Return a toy world whose environment is really built."""
    world.cache.mkdir()
    os.symlink(built_environments, world.cache / "environments")
    return world


@pytest.fixture
def command(built_world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return f(arguments of nnparity) -> how it ended, called in this process and in the world's folder."""
    monkeypatch.setenv("NNPARITY_CACHE", str(built_world.cache))
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(built_world.cache / "hypothesis"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(built_world.folder)

    def call(*arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call
