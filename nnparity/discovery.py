"""Finds content by looking into folders, and derives every path from source, target and accepts."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from nnparity.cases import load_case
from nnparity.completeness import complete, named
from nnparity.contracts import (
    ComputesIn,
    Conversion,
    Cut,
    Environment,
    NeedsSupply,
    OnDemand,
    Quantised,
    Representation,
    Runtime,
    Start,
    Supplied,
    TellsDigits,
)
from nnparity.divergence import KnownDivergence, askable
from nnparity.dtypes import limits
from nnparity.errors import UserError, nearest
from nnparity.given import Given
from nnparity.layers import Case, LayerSpec
from nnparity.loading import components_in, load_file
from nnparity.outcome import Stage

Kind = TypeVar("Kind")
ENTRY_POINTS = "nnparity.content"
FOUND = "found"
PYTHONS = (f"3.{sys.version_info.minor}", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8")  # our own needs no other
SHARED = ("support", "custom_operators", "representations", "conversions", "runtimes", "starts")  # what a file may load
HEADER = re.compile(r"(?m)^# /// script\s*$\s(?P<body>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True)
class Broken:
    """A content file that does not load; the others still run."""

    file: Path
    problem: str

    def __str__(self) -> str:
        return f"{self.file} does not load: {self.problem}"


@dataclass(frozen=True)
class Route:
    """A path: root, conversions in order, runtime."""

    root: str
    conversions: tuple[str, ...]
    runtime: str

    @property
    def steps(self) -> tuple[str, ...]:
        return (self.root, *self.conversions, self.runtime)

    @property
    def id(self) -> str:
        return ">".join(self.steps)


@dataclass(frozen=True)
class Component(Generic[Kind]):
    """A conversion or runtime with the file it came from."""

    name: str
    file: Path
    environment: str
    kind: Kind


@dataclass(frozen=True)
class Content:
    """Everything that was found. Keys are names. found: cases of a layer that failed once, and are run ever since.

    drawing_files, cuts: by the representation that they draw or cut.
    given: models of the user's own, which stand among the layers under the same names.
    """

    layers: Mapping[str, LayerSpec] = field(default_factory=dict)
    layer_files: Mapping[str, Path] = field(default_factory=dict)
    representations: Mapping[str, Representation] = field(default_factory=dict)
    representation_files: Mapping[str, Path] = field(default_factory=dict)
    conversions: Mapping[str, Component[Conversion]] = field(default_factory=dict)
    runtimes: Mapping[str, Component[Runtime]] = field(default_factory=dict)
    starts: Mapping[str, Component[Start]] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    drawing_files: Mapping[str, Path] = field(default_factory=dict)
    cuts: Mapping[str, Component[Cut]] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)
    found: Mapping[str, tuple[Case, ...]] = field(default_factory=dict)
    known: tuple[KnownDivergence, ...] = ()
    known_files: Mapping[str, Path] = field(default_factory=dict)
    shared: tuple[Path, ...] = ()
    broken: tuple[Broken, ...] = ()

    @cached_property
    def components(self) -> Mapping[str, Component[Any]]:
        return {**self.conversions, **self.runtimes}

    @cached_property
    def on_demand(self) -> frozenset[str]:
        """Components that are run only where they are asked for, or where everything is."""
        ours = self.components.items()
        return frozenset(name for name, one in ours if isinstance(one.kind, OnDemand) and one.kind.on_demand)

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """By quantised representation, the runtime that computes what a model of it says."""
        ours = self.representations.items()
        return {name: one.meaning for name, one in ours if isinstance(one, Quantised)}

    @cached_property
    def computing_in(self) -> Mapping[str, str]:
        """By runtime, the dtype that it computes every float in; those that keep to the model's are left out."""
        ours = self.runtimes.items()
        return {name: one.kind.computes_in for name, one in ours if isinstance(one.kind, ComputesIn)}

    @cached_property
    def last_digits(self) -> Mapping[str, float]:
        """By runtime that gives its outputs as text, one unit of the last digit."""
        ours = self.runtimes.items()
        return {name: one.kind.last_digit for name, one in ours if isinstance(one.kind, TellsDigits)}

    @cached_property
    def needing_supply(self) -> Mapping[str, Component[Any]]:
        """Components that need what the user must supply."""
        return {name: one for name, one in self.components.items() if isinstance(one.kind, NeedsSupply)}

    @cached_property
    def supplied(self) -> Mapping[str, Component[Any]]:
        """Components that tell what they were supplied with."""
        return {name: one for name, one in self.components.items() if isinstance(one.kind, Supplied)}

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Those of `built_in` that have an eager runtime."""
        return tuple(name for name in self.built_in if not self.why_no_root(name))

    @cached_property
    def built_in(self) -> tuple[str, ...]:
        """Representations that layers are built in, in name order."""
        named = {name for layer in self.layers.values() for name in layer.build}
        return tuple(sorted(named & set(self.representations)))

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """Every path. An optimiser (source == target) stands only right before the runtime.

        One that is on demand stands only before runtimes that are not: their number would multiply.
        """
        found: list[Route] = []
        for root in self.roots:
            self._extend(root, root, (), {root}, found)
        return tuple(found)

    def _extend(self, root: str, here: str, so_far: tuple[str, ...], seen: set[str], found: list[Route]) -> None:
        optimisers = [
            (name,) for name, one in sorted(self.conversions.items()) if one.kind.source == here == one.kind.target
        ]
        for runtime in sorted(self.runtimes.values(), key=lambda one: one.name):
            if here in runtime.kind.accepts:
                rare = self.on_demand if runtime.name in self.on_demand else frozenset()
                last = [(), *(one for one in optimisers if rare.isdisjoint(one))]
                found += [Route(root, so_far + one, runtime.name) for one in last]
        for name, one in sorted(self.conversions.items()):
            target = one.kind.target
            if one.kind.source == here and target not in seen and target not in self.roots:
                self._extend(root, target, (*so_far, name), seen | {target}, found)

    def is_on_demand(self, route: Route) -> bool:
        """Whether a step of the path is on demand."""
        return not self.on_demand.isdisjoint(route.steps)

    def binds(self, entry: KnownDivergence, route: Route) -> bool:
        """Whether the entry's witness must show on the path.

        Not a difference in numbers that an earlier step makes, where outputs are held to something else than the layer
        in the case's dtype: a quantised model says the same itself, and a coarser dtype may be too coarse to show it.
        """
        if entry.stage is not Stage.COMPARE or entry.component == route.runtime:
            return True
        if any(self.conversions[name].kind.target in self.meanings for name in route.conversions):
            return False
        dtype = self.computing_in.get(route.runtime)
        return dtype is None or bool(limits(dtype).eps <= limits(entry.witness.config["dtype"]).eps)

    def supply_missing(self, name: str) -> str:
        """Return what the user must supply before the component of this name runs, "" if nothing is missing."""
        one = self.needing_supply.get(name)
        if one is None:
            return ""
        try:
            return str(one.kind.missing())
        except Exception as problem:  # noqa: BLE001 a content file may raise anything; the others still run
            return f"asking {name} what it needs: {type(problem).__name__}: {problem}; correct {one.file}"

    def supply(self, name: str) -> str:
        """Return what tells the supply that the component of this name works with from another, "" if it needs none."""
        one = self.supplied.get(name)
        if one is None:
            return ""
        try:
            return str(one.kind.supplied())
        except Exception as problem:  # noqa: BLE001 a content file may raise anything; what it makes is then kept apart
            return f"{type(problem).__name__}: {problem}"

    def refuse_broken(self) -> None:
        """Raise UserError if a content file did not load; called when all others have been used."""
        if self.broken:
            raise UserError(f"{'; '.join(map(str, self.broken))}; correct or remove these files; all others were used")

    def why_no_root(self, representation: str) -> str:
        """Return why no path can start at the representation; "" if one can."""
        able = sorted(one.name for one in self.runtimes.values() if representation in one.kind.accepts)
        name = self.eager(representation)
        if name in able:
            return ""
        return (
            f"layers are built in {representation!r}, which names {name!r} as its eager runtime, and no runtime of "
            f"that name accepts it; set `eager` to one of: {', '.join(able) or '(there is none)'}"
        )

    def eager(self, root: str) -> str:
        """Return the runtime that runs the root as its framework does without conversion."""
        for one in self.given.values():
            if one.root == root:
                return one.runtime
        return str(getattr(self.representations[root], "eager", None))

    def environments_on(self, routes: Iterable[Route]) -> set[str]:
        """Return the environments that checks on these paths need, those of their eager roots among them."""
        steps = {step for route in routes for step in (*route.conversions, route.runtime, self.eager(route.root))}
        return {self.components[step].environment for step in steps}


def content_folders(extra: Iterable[Path] = ()) -> list[Path]:
    """Return the folders that hold models/ and converters/: ours, installed third parties', then `extra`."""
    inside = Path(__file__).with_name("content")
    ours = inside if inside.is_dir() else Path(__file__).parents[1]
    third = [_folder_of(entry) for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return [ours, *third, *extra]


def discover(*, models: Iterable[Path] = (), converters: Iterable[Path] = ()) -> Content:
    """Return the content of every folder; `models` and `converters` are a third party's own folders."""
    roots = content_folders()
    model_folders = [root / "models" for root in roots] + [_existing(folder) for folder in models]
    converter_folders = [root / "converters" for root in roots] + [_existing(folder) for folder in converters]
    known_folders = [root / "test_equivalence" / "known" for root in roots] + [
        one / "known" for one in converter_folders
    ]
    broken: list[Broken] = []

    def each(
        folders: Iterable[Path], read: Callable[[Path], Mapping[str, Any]]
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        things: dict[str, Any] = {}
        files: dict[str, Path] = {}
        for file in (file for folder in folders for file in sorted(folder.glob("*.py"))):
            try:
                found = read(file)
            except (Exception, SystemExit) as problem:  # noqa: BLE001 a content file may raise anything; the others still run
                broken.append(Broken(file, f"{type(problem).__name__}: {problem}"))
                continue
            for name, thing in found.items():
                if name in things:
                    broken.append(Broken(file, f"the name {name!r} is taken by {files[name]}; choose another"))
                    continue
                things[name] = thing
                files[name] = file
        return things, files

    layers, layer_files = each(model_folders, lambda file: named(load_file(file).LAYER, LayerSpec))
    representations, representation_files = each(
        [folder / "representations" for folder in converter_folders],
        lambda file: complete(_representation_in(file), "representation"),
    )
    _, drawing_files = each(
        [folder / "drawings" for folder in converter_folders],
        lambda file: {load_file(file).DRAWING.representation: load_file(file).DRAWING},
    )
    cuts, cut_files = each(
        [folder / "cuts" for folder in converter_folders],
        lambda file: complete({load_file(file).CUT.representation: load_file(file).CUT}, "cut"),
    )
    environments, _ = each(
        [folder / "environments" for folder in converter_folders],
        lambda file: named(load_file(file).ENVIRONMENT, Environment),
    )
    conversions, conversion_files = each(
        [folder / "conversions" for folder in converter_folders],
        lambda file: complete(components_in(file), "conversion"),
    )
    runtimes, runtime_files = each(
        [folder / "runtimes" for folder in converter_folders],
        lambda file: complete(components_in(file), "runtime"),
    )
    starts, start_files = each(
        [folder / "starts" for folder in converter_folders], lambda file: complete(_start_in(file), "start")
    )
    known, _ = each(known_folders, _known_in)
    components: dict[str, Component[Any]] = {}
    for things, files in ((conversions, conversion_files), (runtimes, runtime_files)):
        for name, thing in things.items():
            taken = components[name].file if name in components else representation_files.get(name)
            if taken is not None:
                broken.append(Broken(files[name], f"the name {name!r} is taken by {taken}; choose another"))
                continue
            environment = _environment_of(thing, files[name], environments, broken)
            if environment is not None:
                components[name] = Component(name, files[name], environment, thing)
    for name, layer in layers.items():
        if not set(layer.build) & set(representations):
            near = nearest(next(iter(layer.build), ""), representations)
            problem = f"{name} is built for {', '.join(layer.build)}, and there is no such representation; {near}"
            broken.append(Broken(layer_files[name], problem))
    content = Content(
        layers=layers,
        layer_files=layer_files,
        representations=representations,
        representation_files=representation_files,
        conversions={name: one for name, one in components.items() if conversion_files.get(name) == one.file},
        runtimes={name: one for name, one in components.items() if runtime_files.get(name) == one.file},
        starts={
            name: Component(name, start_files[name], environment, one)
            for name, one in starts.items()
            if (environment := _environment_of(one, start_files[name], environments, broken)) is not None
        },
        environments=environments,
        drawing_files=drawing_files,
        cuts={
            name: Component(name, cut_files[name], environment, one)
            for name, one in cuts.items()
            if (environment := _environment_of(one, cut_files[name], environments, broken)) is not None
        },
        found=_found_in(model_folders, layers, broken),
        known=tuple(entry for entries in known.values() for entry in entries),
        known_files={entry.id: Path(file) for file, entries in known.items() for entry in entries},
        shared=tuple(
            file for folder in converter_folders for one in SHARED for file in sorted((folder / one).glob("*.py"))
        ),
    )
    lost = {name: content.why_no_root(name) for name in content.built_in}
    broken += [Broken(representation_files[name], why) for name, why in lost.items() if why]
    for name, meaning in content.meanings.items():
        if meaning not in content.runtimes:
            problem = f"{name}.meaning is {meaning!r}, no runtime; {nearest(meaning, runtimes)}"
            broken.append(Broken(representation_files[name], problem))
    for entry in content.known:
        there = entry.component in components or entry.component in content.roots
        if not there or entry.witness.layer not in layers or not entry.about_layer(entry.witness.layer):
            problem = f"the known divergence {entry.id} names a layer, component or root that is not there; correct it"
            broken.append(Broken(content.known_files[entry.id], problem))
    return replace(content, broken=tuple(broken))


def pick(wanted: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise UserError, with the nearest names, for the first name in `wanted` that is not in `known`."""
    names = set(known)
    for name in wanted:
        if name not in names:
            raise UserError(f"--{what} {name!r}: no such {what}; {nearest(name, names)}")


def _folder_of(entry: importlib.metadata.EntryPoint) -> Path:
    try:
        folder = Path(entry.load())
        if not folder.is_dir():
            raise NotADirectoryError(folder)
    except (Exception, SystemExit) as problem:
        raise UserError(
            f"the entry point {entry.name} = {entry.value} of {entry.dist.name if entry.dist else 'a package'}: "
            f"{type(problem).__name__}: {problem}; "
            "expected the path of a folder that is there; correct or uninstall that package"
        ) from problem
    return folder


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise UserError(f"looking for content in {folder}: expected a folder; give one that exists")
    return folder


def _representation_in(file: Path) -> dict[str, Any]:
    representation = load_file(file).REPRESENTATION
    return {representation.name: representation}


def _start_in(file: Path) -> dict[str, Any]:
    start = load_file(file).START
    return {start.name: start}


def _known_in(file: Path) -> dict[str, Any]:
    return {str(file): askable(load_file(file).KNOWN)}


def _found_in(
    folders: Iterable[Path], layers: Mapping[str, LayerSpec], broken: list[Broken]
) -> dict[str, tuple[Case, ...]]:
    """Return the cases in the folders' found/LAYER/, by layer."""
    found: dict[str, tuple[Case, ...]] = {}
    for file in (file for folder in folders for file in sorted((folder / FOUND).glob("*/*.npz"))):
        try:
            case = load_case(file)
        except UserError as problem:
            broken.append(Broken(file, str(problem)))
            continue
        if case.layer not in layers:
            near = nearest(case.layer, layers)
            broken.append(Broken(file, f"it is a case of {case.layer!r}, and there is no such layer; {near}"))
        elif case.relation and case.relation not in {one.name for one in layers[case.layer].relations}:
            broken.append(Broken(file, f"it asks {case.layer} about {case.relation!r}, a relation it does not have"))
        else:
            found[case.layer] = (*found.get(case.layer, ()), case)
    return found


def _environment_of(thing: Any, file: Path, environments: dict[str, Environment], broken: list[Broken]) -> str | None:
    """Return the name of the component's environment; one written as a PEP 723 header is added to `environments`."""
    named = getattr(thing, "environment", "")
    if named:
        if named in environments:
            return str(named)
        broken.append(Broken(file, f"environment {named!r} is not there; {nearest(named, environments)}"))
        return None
    header = HEADER.search(file.read_text(encoding="utf-8"))
    if header is None:
        broken.append(Broken(file, "names no environment and has no PEP 723 header (# /// script); give it one"))
        return None
    text = "".join(line[2:] if line.startswith("# ") else line[1:] for line in header["body"].splitlines(keepends=True))
    try:
        script = tomllib.loads(text)
        asked = SpecifierSet(script.get("requires-python", ""))
    except (tomllib.TOMLDecodeError, InvalidSpecifier) as problem:
        broken.append(Broken(file, f"its PEP 723 header: {problem}; correct it"))
        return None
    python = next((version for version in PYTHONS if asked.contains(f"{version}.99")), None)
    if python is None:
        broken.append(Broken(file, f"requires-python = {str(asked)!r} leaves none of {', '.join(PYTHONS)}; widen it"))
        return None
    name = f"of_{thing.name}"
    packages = tuple(script.get("dependencies", ()))
    environments[name] = Environment(name=name, python=python, packages=packages, probe=("numpy",))
    return name
