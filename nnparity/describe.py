"""What a run says about itself, in the first line of its results: the reports read nothing else."""

from __future__ import annotations

import inspect
import platform
import re
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import nnparity
from nnparity import processor
from nnparity.code import code_of
from nnparity.contracts import CompilingRuntime
from nnparity.discovery import Content, Route
from nnparity.environments import Environments, node_packages
from nnparity.layers import LayerSpec
from nnparity.plan import Profile

AS_GIVEN = "none of its own: it runs the model that it is given"


def describe_run(
    content: Content,
    environments: Environments,
    routes: Sequence[Route],
    *,
    profile: Profile,
    seed: int,
    layers: Collection[str],
) -> dict[str, Any]:
    """Return JSON values: versions of every environment, what there is, what is known, what cannot run and why."""
    return {
        "nnparity": nnparity.__version__,
        "profile": profile.name,
        "seed": seed,
        "cpu": processor.name(),
        "python": platform.python_version(),
        "paths": [route.id for route in routes],
        "layers": {name: _layer(content.layers[name]) for name in sorted(layers)},
        "steps": steps_of(content),
        "environments": {name: _environment(name, content, environments) for name in sorted(content.environments)},
        "not_run": {**not_asked_for(content, routes), **not_built(content, environments)},
        "known": {
            entry.id: {
                "component": entry.component,
                "layer": entry.layer,
                "stage": entry.stage.value,
                "status": entry.status.value,
                "fix": entry.fix.value,
                "reason": entry.reason,
                "link": entry.link,
                "versions": list(entry.versions),
                "processor": entry.processor,
                "paths": entry.paths,
                "witness": entry.witness.id,
            }
            for entry in content.known
        },
    }


def steps_of(content: Content) -> dict[str, dict[str, str]]:
    """Return, for every root and component, whose operators its counts are and where it runs."""
    steps: dict[str, dict[str, str]] = {}
    for root in content.roots:
        eager = content.runtimes[content.eager(root)]
        steps[root] = _step(content, root, "root", eager.environment, content.representations[root])
    for name, conversion in content.conversions.items():
        steps[name] = _step(content, conversion.kind.target, "conversion", conversion.environment, conversion.kind)
    for name, runtime in content.runtimes.items():
        counted = runtime.kind.compiles_to if isinstance(runtime.kind, CompilingRuntime) else runtime.kind.accepts[0]
        steps[name] = _step(content, counted, "runtime", runtime.environment, runtime.kind)
    return steps


def families_of(content: Content, operators: Mapping[str, Collection[str]]) -> dict[str, dict[str, str]]:
    """Return, by representation, the family name of each operator that came up; unclaimed ones are left out."""
    found: dict[str, dict[str, str]] = {}
    for representation, names in operators.items():
        families = {name: content.representations[representation].family(name) for name in sorted(names)}
        found[representation] = {name: family.value for name, family in families.items() if family is not None}
    return found


def not_built(content: Content, environments: Environments) -> dict[str, str]:
    """Return, for every component that cannot run here, what is missing."""
    missing = {}
    for name, one in sorted(content.components.items()):
        supply = content.supply_missing(name)
        if supply or environments.installed(one.environment) is None:
            missing[name] = (
                supply or f"environment {one.environment} is not built; run `nnparity setup {one.environment}`"
            )
    return missing


def not_asked_for(content: Content, routes: Sequence[Route]) -> dict[str, str]:
    """Return, for every component on demand that no path of the run goes through, what would run it."""
    taken = {step for route in routes for step in route.steps}
    return {
        name: f"it is on demand; run `nnparity run --component {name}`, or `nnparity run --all`"
        for name in sorted(content.on_demand - taken)
    }


def _layer(layer: LayerSpec) -> dict[str, Any]:
    return {
        "source": layer.source,
        "catches": layer.catches,
        "formula": inspect.getdoc(layer.reference) or "",
        "code": {
            "reference": code_of(layer.reference),
            **{root: code_of(build) for root, build in sorted(layer.build.items())},
        },
    }


def operators_from(component: object, representation: object) -> str:
    """Return where a step's operator counts come from: what it says itself, else what its `compile` or `count` returns.

    A runtime that compiles nothing has no operators of its own.
    """
    said = getattr(component, "operators_from", "")
    if said:
        return str(said)
    counting = getattr(component, "compile", None) or getattr(representation, "count", None)
    sentence = " ".join((inspect.getdoc(counting) or "").split()).partition(". ")[0]
    return sentence.removeprefix("Return ").removesuffix(".")


def _step(content: Content, representation: str, kind: str, environment: str, component: object) -> dict[str, str]:
    known = content.representations.get(representation)
    compiles = kind != "runtime" or isinstance(component, CompilingRuntime)
    return {
        "representation": representation,
        "title": known.title if known else representation,
        "kind": kind,
        "environment": environment,
        "operators_from": operators_from(component, known) if compiles else AS_GIVEN,
    }


def _environment(name: str, content: Content, environments: Environments) -> dict[str, Any]:
    built = environments.installed(name)
    spec = content.environments[name]
    pinned = {package.partition("==")[0].lower() for package in spec.packages}
    pinned |= {package.rpartition("@")[0] for package in spec.npm}
    versions = {key: version for key, version in built.versions.items() if key in pinned} if built else {}
    return {
        "versions": dict(sorted(versions.items())),
        "licences": licences(built.folder, pinned) if built else {},
        "megabytes": built.megabytes if built else None,
        "components": sorted(one.name for one in content.components.values() if one.environment == name),
    }


def licences(folder: Path, names: Collection[str]) -> dict[str, str]:
    """Return what the packages of these canonical names, in a built environment, say their licence is."""
    places = [str(place) for place in sorted(folder.glob("lib/python*/site-packages"))]
    found = {re.sub("[-_.]+", "-", one.metadata["Name"] or "").lower(): one for one in distributions(path=places)}
    said = {name: _licence(found[name]) for name in sorted(found) if name in names}
    said |= {name: licence for name, licence in node_packages(folder, "license").items() if name in names}
    return {name: licence for name, licence in said.items() if licence}


def _licence(package: Distribution) -> str:
    """Return the licence's SPDX expression, else its name, "" where only its whole text is given."""
    metadata = package.metadata
    for field in ("License-Expression", "License"):
        text = metadata[field].strip() if field in metadata else ""
        if text and "\n" not in text and len(text) <= 60:
            return text
    classifiers = metadata.get_all("Classifier") or []
    return ", ".join(one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: "))
