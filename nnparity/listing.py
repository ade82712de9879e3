"""What `nnparity list` shows: one row for each thing there is."""

from __future__ import annotations

from typing import Any

from nnparity.describe import licences, not_built, steps_of
from nnparity.discovery import Content
from nnparity.environments import Environments

Rows = list[dict[str, Any]]
ON_DEMAND = "on demand"
IN_JSON_ONLY = ("licences", "megabytes", "operators from")  # a line for a person has no room


def rows_of(what: str, content: Content, environments: Environments) -> Rows:
    """Return JSON rows about layers, paths, components or environments."""
    return {"layers": _layers, "paths": _paths, "components": _components, "environments": _environments}[what](
        content, environments
    )


def _layers(content: Content, environments: Environments) -> Rows:
    return [
        {"name": name, "roots": ",".join(sorted(layer.build)), "catches": layer.catches, "source": layer.source}
        for name, layer in sorted(content.layers.items())
    ]


def _paths(content: Content, environments: Environments) -> Rows:
    missing = not_built(content, environments)
    rows = []
    for route in content.routes:
        when = ON_DEMAND if content.is_on_demand(route) else ""
        reasons = sorted({missing[step] for step in route.steps if step in missing})
        rows.append({"path": route.id, "runs": not reasons, "when": when, "reason": "; ".join(reasons)})
    return rows


def _components(content: Content, environments: Environments) -> Rows:
    missing = not_built(content, environments)
    steps = steps_of(content)
    rows = []
    for name, one in sorted(content.components.items()):
        built = environments.installed(one.environment)
        pins = {package.partition("==")[0].lower() for package in content.environments[one.environment].packages}
        rows.append({
            "name": name,
            "kind": steps[name]["kind"],
            "from": getattr(one.kind, "source", "") or ",".join(getattr(one.kind, "accepts", ())),
            "to": getattr(one.kind, "target", ""),
            "environment": one.environment,
            "versions": {key: value for key, value in built.versions.items() if key in pins} if built else {},
            "licences": licences(built.folder, pins) if built else {},
            "megabytes": built.megabytes if built else None,
            "operators from": steps[name]["operators_from"],
            "known divergences": sum(entry.component == name for entry in content.known),
            "when": ON_DEMAND if name in content.on_demand else "",
            "reason": missing.get(name, ""),
        })  # fmt: skip
    return rows


def _environments(content: Content, environments: Environments) -> Rows:
    rows = []
    for name, spec in sorted(content.environments.items()):
        built = environments.installed(name)
        rows.append({
            "name": name,
            "python": spec.python,
            "state": f"ready, {built.megabytes} MB" if built else "not built",
            "packages": " ".join((*spec.packages, *spec.npm)),
        })  # fmt: skip
    return rows
