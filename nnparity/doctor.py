"""Examines the machine: disk, memory, interpreters, and each environment with one tiny case."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.check import check
from nnparity.discovery import Content, Route
from nnparity.environments import Environments, find_interpreter, unreachable
from nnparity.oracle import Oracle
from nnparity.outcome import Failure, Stage, Verdict
from nnparity.plan import PROFILES, keep_notes_in, models_of
from nnparity.roots import layer_blamed

DISK_BYTES = 8 * 2**30
MEMORY_BYTES = 4 * 2**30


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    good: bool
    said: str


def examine(content: Content, environments: Environments, cache: ArtifactCache) -> list[Finding]:
    """Return what was found. Environments that are not built are not built now."""
    keep_notes_in(cache_folder())
    findings = [_disk(cache_folder()), _memory()]
    findings += _interpreters(content)
    findings += [_compiler(), _registry()]
    findings += _environments(content, environments, cache)
    findings += [Finding(str(one.file), good=False, said=f"does not load: {one.problem}") for one in content.broken]
    return findings


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    good = free >= DISK_BYTES
    wanted = (
        "" if good else f"; all environments take {DISK_BYTES / 2**30:.0f} GiB, set NNPARITY_CACHE to a larger disk"
    )
    return Finding("disk", good, f"{free / 2**30:.1f} GiB free for {folder}{wanted}")


def _memory() -> Finding:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    good = total >= MEMORY_BYTES
    wanted = "" if good else f"; one lane takes {MEMORY_BYTES / 2**30:.0f} GiB, give --jobs 1 and single paths"
    return Finding("memory", good, f"{total / 2**30:.1f} GiB{wanted}")


def _interpreters(content: Content) -> Iterator[Finding]:
    for version in sorted({spec.python for spec in content.environments.values()}):
        found = find_interpreter(version)
        good = Path(found).exists()
        said = found if good else f"not found; install Python {version}, or let uv fetch it where there is a network"
        yield Finding(f"Python {version}", good, said)


def _compiler() -> Finding:
    found = shutil.which("g++")
    said = found or "not found; runtimes that compile link with it: install g++ with the system's packages"
    return Finding("C++ compiler", bool(found), said)


def _registry() -> Finding:
    problem = unreachable()
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    said = f"packages can be fetched{f'; wheels are also taken from {links}' if links else ''}"
    return Finding("package registry", not problem, problem or said)


def _environments(content: Content, environments: Environments, cache: ArtifactCache) -> Iterator[Finding]:
    with Bench(content, environments, cache) as bench:
        oracle = Oracle(bench)
        for name in sorted(content.environments):
            built = environments.installed(name)
            if built is None:
                yield Finding(name, good=True, said=f"not built; `nnparity setup {name}` does it")
                continue
            route = _shortest(content, environments, name)
            if route is None:
                yield Finding(name, good=True, said=f"ready, {built.megabytes} MB; no path through it can run yet")
                continue
            yield _tried(name, route, bench, oracle)


def _tried(environment: str, route: Route, bench: Bench, oracle: Oracle) -> Finding:
    """Return what the first layer comes to that the path's components do not decline and are not known to get wrong."""
    finding = Finding(environment, good=True, said=f"ready; no layer is written in {route.root}")
    for layer in bench.content.layers.values():
        if route.root not in layer.build:
            continue
        try:
            with layer_blamed(Stage.BUILD, layer.name, f"drawing a case of {layer.name}"):
                case = next(models_of(layer, PROFILES["quick"], 0)).cases[0]
        except Failure as failure:
            return Finding(environment, good=False, said=failure.detail)
        outcome = check(case, route, bench, oracle)
        said = f"{layer.name} on {route.id}: {outcome.status.value}"
        good = outcome.verdict not in {Verdict.FAIL, Verdict.NOT_RUN}
        finding = Finding(environment, good, said if good else f"{said}: {outcome.detail}")
        if outcome.verdict not in {Verdict.UNSUPPORTED, Verdict.XFAIL, Verdict.ALLOWED}:
            break
    return finding


def _shortest(content: Content, environments: Environments, name: str) -> Route | None:
    able = [
        route
        for route in content.routes
        if any(content.components[step].environment == name for step in route.steps if step in content.components)
        and all(map(environments.installed, content.environments_on([route])))
    ]
    return min(able, key=lambda route: (content.is_on_demand(route), len(route.steps)), default=None)
