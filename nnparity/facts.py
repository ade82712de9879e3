"""What the first line of a results file says about its run, with a default for whatever is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Step:
    """A root, conversion or runtime. title: of the representation, as its users write it.

    operators_from: where its operator counts come from, "" in results that do not say.
    """

    name: str
    kind: str = ""
    representation: str = ""
    title: str = ""
    environment: str = ""
    operators_from: str = ""


@dataclass(frozen=True)
class EnvironmentFacts:
    """megabytes: on disk, "" if it is not built. licences: of its packages, those that say one."""

    versions: Mapping[str, str]
    components: tuple[str, ...]
    megabytes: str = ""
    licences: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KnownFacts:
    """A known divergence. fix: whose move it is. versions: those that it is known of. processor: as the entry says."""

    component: str = ""
    layer: str = ""
    stage: str = ""
    status: str = ""
    fix: str = ""
    reason: str = ""
    link: str = ""
    versions: str = ""
    processor: str = ""


@dataclass(frozen=True)
class ExplainedFacts:
    """What a run found out about a failure. operator: lines about the one that goes wrong, or why none is named.

    script: a program that shows the failure, "" if there is none; folder: where it lies, in the folder of the run, with
    the files beside it; modules: the text of those that are programs. said: whether the script showed the failure when
    it was run, or why there is none.
    """

    operator: str = ""
    script: str = ""
    folder: str = ""
    files: str = ""
    said: str = ""
    modules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerFacts:
    """formula: what the reference says that it computes. code: as written, of the reference and by root."""

    source: str = ""
    catches: str = ""
    formula: str = ""
    code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Run facts. families: representation -> operator -> family. not_run: component -> reason.

    graphs: layer -> chain of steps -> a drawn graph as JSON. explained: failures, by CASE@PATH.
    """

    nnparity: str = ""
    profile: str = ""
    seed: str = ""
    cpu: str = ""
    environments: Mapping[str, EnvironmentFacts] = field(default_factory=dict)
    known: Mapping[str, KnownFacts] = field(default_factory=dict)
    families: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    paths: tuple[tuple[str, ...], ...] = ()
    layers: Mapping[str, LayerFacts] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)
    conversions: Mapping[str, int] = field(default_factory=dict)
    graphs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    explained: Mapping[str, ExplainedFacts] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Facts:
        """Return the facts; keys that are missing or of another kind count as not said."""
        return cls(
            nnparity=_text(raw.get("nnparity")),
            profile=_text(raw.get("profile")),
            seed=_text(raw.get("seed")),
            cpu=_text(raw.get("cpu")),
            environments={
                name: EnvironmentFacts(
                    _texts(one.get("versions")),
                    _names(one.get("components")),
                    _text(one.get("megabytes")),
                    _texts(one.get("licences")),
                )
                for name, one in _objects(raw.get("environments")).items()
            },
            known={name: KnownFacts(**_fields(one, KnownFacts)) for name, one in _objects(raw.get("known")).items()},
            families={name: _texts(one) for name, one in _objects(raw.get("families")).items()},
            steps={
                name: Step(**{**_fields(one, Step), "name": name}) for name, one in _objects(raw.get("steps")).items()
            },
            paths=tuple(tuple(path.split(">")) for path in _names(raw.get("paths"))),
            layers={
                name: LayerFacts(**{**_fields(one, LayerFacts), "code": _texts(one.get("code"))})
                for name, one in _objects(raw.get("layers")).items()
            },
            not_run=_texts(raw.get("not_run")),
            explained={
                name: ExplainedFacts(**{**_fields(one, ExplainedFacts), "modules": _texts(one.get("modules"))})
                for name, one in _objects(_one(raw.get("explained"))).items()
            },
            graphs={name: _texts(one) for name, one in _objects(raw.get("graphs")).items()},
            conversions={
                name: count for name, count in _mapping(raw.get("conversions")).items() if isinstance(count, int)
            },
        )

    def step(self, name: str) -> Step:
        """Return what is said about a step, or just its name."""
        return self.steps.get(name, Step(name))

    def title(self, name: str) -> str:
        """Return the title of the representation that a step leaves, else the representation's or the step's name."""
        step = self.step(name)
        return step.title or step.representation or name

    def why_not_run(self, path: tuple[str, ...]) -> str:
        """Return why a path has no outcome."""
        reasons = [f"{step}: {self.not_run[step]}" for step in path if step in self.not_run]
        return "; ".join(reasons) or "no case was run on it"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> Mapping[str, Mapping[str, Any]]:
    return {name: one for name, one in sorted(_mapping(value).items()) if isinstance(one, Mapping)}


def _texts(value: Any) -> Mapping[str, str]:
    return {name: _text(one) for name, one in sorted(_mapping(value).items())}


def _names(value: Any) -> tuple[str, ...]:
    return tuple(sorted({one for one in value if isinstance(one, str)})) if isinstance(value, list) else ()


def _fields(value: Mapping[str, Any], kind: type[Step | KnownFacts | ExplainedFacts | LayerFacts]) -> dict[str, Any]:
    return {item.name: _text(value[item.name]) for item in fields(kind) if item.name in value}


def _one(value: Any) -> Any:
    """Return the value, in it the first of several that runs differ in: a program is no list of programs."""
    if isinstance(value, Mapping):
        return {name: _one(one) for name, one in value.items()}
    return next(iter(value), "") if isinstance(value, list) else value


def _text(value: Any) -> str:
    """Return what a page shows: runs that differ side by side."""
    if isinstance(value, list):
        return "; ".join(_text(item) for item in value)
    return "" if value is None else str(value)
