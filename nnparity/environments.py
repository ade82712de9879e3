"""From an environment file to an interpreter: built once by uv, kept in the cache, keyed by content."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import uv
from packaging.utils import canonicalize_name

from nnparity.cache import digest
from nnparity.contracts import Environment
from nnparity.errors import UserError, nearest

READY = "ready.json"
PROBE = """
import importlib, importlib.metadata, json, re, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
found = importlib.metadata.distributions()
print(json.dumps({re.sub("[-_.]+", "-", one.metadata["Name"]).lower(): one.version for one in found}))
"""
STAND_IN = """
import json, re, sys
from importlib import metadata
import numpy
found = ((one.metadata["Name"], one.version) for one in metadata.distributions())
versions = {re.sub("[-_.]+", "-", name).lower(): version for name, version in found if name}
print(json.dumps({"python": list(sys.version_info[:3]), "prefix": sys.prefix, "versions": versions}))
"""
OLDEST_STAND_IN = (3, 10)  # what the components of a framework are written for
FOR_LAYERS = frozenset(("hypothesis",))  # what the layers' own files import, and no model of a user's
NOTHING_WRITTEN = {"PYTHONDONTWRITEBYTECODE": "1"}
BUILD_SECONDS = 3600
OFFER_WHEELS = "if a package is not found, offer its wheel through PIP_FIND_LINKS or UV_FIND_LINKS"
PROBE_SECONDS = 120
Say = Callable[[str], None]


class BuildFailed(Exception):
    """The environment cannot be built here; the message names what and the way out."""


@dataclass(frozen=True)
class Built:
    """An environment that is ready. versions: distribution name to version."""

    name: str
    key: str
    folder: Path
    versions: Mapping[str, str]
    megabytes: int
    seconds: float
    python: Path | None = None

    @property
    def interpreter(self) -> Path:
        return self.python or self.folder / "bin" / "python"


class Environments:
    """The environments of this machine."""

    def __init__(self, specs: Mapping[str, Environment], cache: Path) -> None:
        self.specs = dict(specs)
        self._folder = cache / "environments"
        self._built: dict[str, Built] = {}
        self._failed: dict[str, str] = {}
        self._stand_ins: dict[str, str] = {}

    def key(self, name: str) -> str:
        """Return what the build depends on: Python version, packages, machine."""
        if name in self._stand_ins:
            return self._stand_ins[name]
        spec = self.specs[name]
        text = json.dumps([
            spec.python,
            spec.packages,
            spec.constraints,
            spec.probe,
            sorted((spec.variables or {}).items()),
            *([spec.npm] if spec.npm else []),
        ])
        return digest(text, platform.machine(), sys.platform)[:16]

    def stand_in(self, name: str, interpreter: Path) -> None:
        """Let the user's own interpreter stand for the environment; nothing is installed or written there.

        Raises UserError for what is no Python that components can run in.
        """
        spec = self.specs[name]
        variables = {**(spec.variables or {}), **NOTHING_WRITTEN}
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        doing = f"--python {interpreter}"
        try:
            ran = subprocess.run(
                [str(interpreter), "-s", "-c", STAND_IN],
                capture_output=True,
                text=True,
                check=False,
                timeout=PROBE_SECONDS,
                env={**inherited, **variables},
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise UserError(f"{doing}: {problem}; give the python of your environment") from problem
        if ran.returncode != 0:
            raise UserError(f"{doing}: it does not import NumPy: {_last_lines(ran.stderr)}; install numpy there")
        said = json.loads(ran.stdout.splitlines()[-1])
        if tuple(said["python"]) < OLDEST_STAND_IN:
            oldest = ".".join(map(str, OLDEST_STAND_IN))
            raise UserError(f"{doing}: it is Python {'.'.join(map(str, said['python']))}; expected {oldest} or newer")
        python = ".".join(map(str, said["python"][:2]))
        self.specs[name] = replace(spec, python=python, variables=variables)
        self._stand_ins[name] = digest("stand-in", str(interpreter.absolute()), json.dumps(said, sort_keys=True))[:16]
        self._built[name] = Built(
            name,
            self.key(name),
            Path(said["prefix"]),
            said["versions"],
            megabytes=0,
            seconds=0.0,
            python=interpreter.absolute(),
        )

    def stands_in(self, name: str) -> Path | None:
        """Return the user's interpreter that stands for the environment, None if it is our own."""
        return self._built[name].python if name in self._stand_ins else None

    def lacking(self, name: str) -> tuple[str, ...]:
        """Return the packages of the environment that the user's own interpreter does not have."""
        names = (package.partition("==")[0] for package in self.specs[name].packages)
        has = self._built[name].versions
        return tuple(one for one in names if canonicalize_name(one) not in has and one not in FOR_LAYERS)

    def installed(self, name: str) -> Built | None:
        """Return the environment if it has been built here, else None."""
        if name not in self._built:
            folder = self._place(name)
            if not (folder / "bin" / "python").exists():  # also where its base interpreter has been removed since
                return None
            try:
                record = json.loads((folder / READY).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return None
            self._built[name] = Built(
                name, self.key(name), folder, record["versions"], record["megabytes"], record["seconds"]
            )
        return self._built[name]

    def why_missing(self, name: str) -> str:
        """Return why the environment cannot be used now; "" if it can."""
        if self.installed(name) is not None:
            return ""
        return self._failed.get(name, f"environment {name} is not built; run `nnparity setup {name}`")

    def build(self, name: str) -> Built:
        """Return the environment, built now if need be. Raises BuildFailed. Safe against a second process."""
        try:
            built = self._built_once(name)
        except OSError as problem:
            self._failed[name] = f"environment {name}: building it in {self._folder}: {problem}"
            raise BuildFailed(self._failed[name]) from problem
        except BuildFailed as problem:
            self._failed[name] = str(problem)
            raise
        return built

    def _built_once(self, name: str) -> Built:
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self._folder / f"{name}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            built = self.installed(name)
            if built is None:
                self._make(self.specs[name], self._place(name))
                built = self.installed(name)
        if built is None:
            raise BuildFailed(f"environment {name}: built, but {self._place(name) / READY} cannot be read")
        return built

    def build_all(self, names: Iterable[str], say: Say, *, parallel: int = 3) -> dict[str, str]:
        """Build the missing ones side by side; return {name: reason} for those that failed."""
        missing = [name for name in sorted(set(names)) if self.installed(name) is None]
        failed: dict[str, str] = {}
        if not missing:
            return failed
        say(f"building {len(missing)} environments into {self._folder}: {', '.join(missing)}")
        with ThreadPoolExecutor(parallel) as executor:
            pending: dict[Future[Built], str] = {executor.submit(self.build, name): name for name in missing}
            for done, future in enumerate(as_completed(pending), start=1):
                name = pending[future]
                try:
                    built = future.result()
                except BuildFailed as problem:
                    failed[name] = str(problem)
                    say(f"[{done}/{len(missing)}] {name}: FAILED, {problem}")
                else:
                    say(f"[{done}/{len(missing)}] {name}: ready in {built.seconds:.0f} s, {built.megabytes} MB")
        return failed

    def _place(self, name: str) -> Path:
        return self._folder / f"{name}-{self.key(name)}"

    def _make(self, spec: Environment, folder: Path) -> None:
        started = time.monotonic()
        if folder.exists():
            shutil.rmtree(folder)
        requirements = folder.with_suffix(".txt")
        requirements.write_text("\n".join((*spec.packages, *spec.constraints)) + "\n", encoding="utf-8")
        interpreter = find_interpreter(spec.python)
        no_python = f"there is no Python {spec.python} here and uv cannot fetch one: install it, for one with pyenv"
        way_out = no_python if interpreter == spec.python else OFFER_WHEELS
        self._uv(spec, "venv", "--quiet", "--python", interpreter, str(folder), way_out=way_out)
        python = str(folder / "bin" / "python")
        self._uv(spec, "pip", "install", "--quiet", "--python", python, "--requirement", str(requirements))
        if spec.npm:
            self._npm(spec, folder)
        probed = subprocess.run(
            [python, "-c", PROBE, *spec.probe],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(spec.variables or {})},
        )
        if probed.returncode != 0:
            raise BuildFailed(
                f"environment {spec.name}: installed, but importing {', '.join(spec.probe)} fails: "
                f"{_last_lines(probed.stderr)}; remove {folder} and set it up again, or correct its pins"
            )
        record = {
            "versions": {**json.loads(probed.stdout.splitlines()[-1]), **node_packages(folder, "version")},
            "megabytes": _megabytes(folder),
            "seconds": time.monotonic() - started,
        }
        (folder / READY).write_text(json.dumps(record, sort_keys=True), encoding="utf-8")

    @staticmethod
    def _npm(spec: Environment, folder: Path) -> None:
        again = f"run `nnparity setup {spec.name}` again"
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise BuildFailed(
                f"environment {spec.name}: it runs in Node.js, and there is no node and npm on the path; "
                f"install Node.js 20 or newer, then {again}"
            )
        # Packages may bring programs that run when they are installed; ours need none, and are only unpacked.
        quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock")
        ran = subprocess.run(
            [npm, "install", *quietly, "--prefix", str(folder), *spec.npm],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        found = node_packages(folder, "version")
        lacking = [one for one in spec.npm if found.get(one.rpartition("@")[0]) != one.rpartition("@")[2]]
        if ran.returncode != 0 or lacking:
            said = _last_lines(ran.stderr) if ran.returncode != 0 else f"nothing, but {', '.join(lacking)} is not there"
            raise BuildFailed(f"environment {spec.name}: `npm install` says: {said}; look at the network and {again}")

    @staticmethod
    def _uv(spec: Environment, *arguments: str, way_out: str = OFFER_WHEELS) -> None:
        command = [uv.find_uv_bin(), *arguments]
        try:
            ran = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=BUILD_SECONDS,
                env=uv_variables(os.environ),
            )
        except subprocess.TimeoutExpired:
            raise BuildFailed(
                f"environment {spec.name}: `uv {' '.join(arguments[:2])}` took over {BUILD_SECONDS} s; "
                f"look at the network and run `nnparity setup {spec.name}` again"
            ) from None
        if ran.returncode != 0:
            raise BuildFailed(
                f"environment {spec.name}: `uv {' '.join(arguments[:2])}` says: {_last_lines(ran.stderr)}; "
                f"{way_out}, then run `nnparity setup {spec.name}` again"
            )


def node_packages(folder: Path, key: str) -> dict[str, str]:
    """Return what the Node.js packages in an environment's folder say under this key, by name."""
    files = [*folder.glob("node_modules/[!@.]*/package.json"), *folder.glob("node_modules/@*/*/package.json")]
    described = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(files)]
    return {one["name"]: one[key] for one in described if isinstance(one.get(key), str)}


def uv_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv: wheels offered to pip are offered to uv as well."""
    given = dict(variables)
    links = given.get("PIP_FIND_LINKS", "").split()
    if links and "UV_FIND_LINKS" not in given:
        given["UV_FIND_LINKS"] = ",".join(links)
    return given


def find_interpreter(version: str) -> str:
    """Return a path, or failing that the bare version, which uv may know how to get."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return getattr(sys, "_base_executable", None) or sys.executable
    # pyenv's programs refuse to start unless their version is the chosen one; uv gives up at the first that does.
    for variables in ({}, {"PYENV_VERSION": version}):
        found = subprocess.run(
            [uv.find_uv_bin(), "python", "find", "--no-python-downloads", version],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **variables},
        )
        if found.returncode == 0:
            return found.stdout.strip()
    return version


def unreachable() -> str:
    """Return "" if uv can fetch packages, else what it says; nothing is installed."""
    ran = subprocess.run(
        [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--no-cache", "-"],
        input="numpy\n",
        capture_output=True,
        text=True,
        check=False,
        env=uv_variables(os.environ),
    )
    return "" if ran.returncode == 0 else f"no packages can be fetched: {_last_lines(ran.stderr)}"


def known_environment(name: str, specs: Mapping[str, Environment]) -> Environment:
    """Return the environment of this name. Raises UserError with the nearest names."""
    if name not in specs:
        raise UserError(f"environment {name!r}: no such environment; {nearest(name, specs)}")
    return specs[name]


def _last_lines(text: str) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-6:]) or "nothing"


def _megabytes(folder: Path) -> int:
    seen = (file.lstat() for file in folder.rglob("*"))
    return sum(stat.st_size for stat in seen) // 2**20
