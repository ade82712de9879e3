"""What the command line and pytest both offer: content folders, and which layers, paths and components."""

from __future__ import annotations

import contextlib
import fnmatch
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from nnparity.discovery import Content, Route, discover, pick
from nnparity.errors import UserError, nearest

DEFAULT_OUT, OWN_OUT = "nnparity-results", "nnparity-check"
HOW_TO_ASK = "--all runs them, as --profile nightly does, and --path or --component those that fit"


@dataclass(frozen=True)
class Selection:
    """Names and globs as the user gave them; empty means all."""

    layers: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    in_process: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether no layer, path or component is named."""
        return not (self.layers or self.paths or self.components)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Selection:
        """Return the selection among the options of a command."""
        return cls(**{item.name: tuple(options[item.name]) for item in fields(cls)})

    def check(self, content: Content) -> None:
        """Raise UserError for the first name that is not there, with the nearest, or that cannot be run as asked."""
        with _broken_said(content):
            pick(self.layers, content.layers, "layer")
            for option, names in (
                ("component", self.components),
                ("require", self.required),
                ("in-process", self.in_process),
            ):
                pick(names, content.components, option)
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        for name in self.in_process:
            spec = content.environments[content.components[name].environment]
            if spec.python != own:
                raise UserError(
                    f"--in-process {name!r}: its environment {spec.name} is for Python {spec.python}, this process is "
                    f"{own}; start nnparity with Python {spec.python}, or leave the option out"
                )

    def layer_names(self, content: Content) -> tuple[str, ...]:
        return tuple(name for name in sorted(content.layers) if not self.layers or name in self.layers)

    def routes(self, content: Content, *, on_demand: bool) -> tuple[Route, ...]:
        """Return the paths that fit the globs and go through one of the components. Raises UserError if none does.

        on_demand: whether those on demand are among them where neither glob nor component is given.
        """
        left_out = () if on_demand else self.left_out(content)
        matched = tuple(route for route in content.routes if self._wanted(route) and route not in left_out)
        if not matched:
            with _broken_said(content):
                self._refuse(content)
        return matched

    def left_out(self, content: Content) -> tuple[Route, ...]:
        """Return the paths on demand that are not asked for: all of them, unless a glob or component is given."""
        if self.paths or self.components:
            return ()
        return tuple(route for route in content.routes if content.is_on_demand(route))

    def _refuse(self, content: Content) -> NoReturn:
        """Raise UserError that says which of the options no path fits."""
        for glob in self.paths:
            if not any(_fits(route, glob) for route in content.routes):
                steps = {step for route in content.routes for step in route.steps}
                ids = {route.id for route in content.routes}
                raise UserError(
                    f"--path {glob!r}: fits none of {len(ids)} paths; {nearest(glob, ids | steps)} "
                    "`nnparity list paths` shows them all; * stands for anything"
                )
        if self.left_out(content):
            raise UserError(f"all {len(content.routes)} paths are on demand; {HOW_TO_ASK}")
        raise UserError(
            f"--path {', '.join(self.paths) or '*'} and --component {', '.join(self.components) or '*'}: "
            "no path fits both; leave one of them out"
        )

    def _wanted(self, route: Route) -> bool:
        by_path = not self.paths or any(_fits(route, glob) for glob in self.paths)
        by_component = not self.components or any(name in route.steps for name in self.components)
        return by_path and by_component


@contextlib.contextmanager
def _broken_said(content: Content) -> Iterator[None]:
    """Add to a UserError the files that do not load: what it finds missing may be in one of them."""
    try:
        yield
    except UserError as problem:
        if not content.broken:
            raise
        raise UserError(f"{problem}. Beside that, {'; '.join(map(str, content.broken))}") from problem


def load_content(models: Sequence[Path], converters: Sequence[Path]) -> Content:
    """Return all content. Raises UserError if there is no layer, or no path from any."""
    content = discover(models=models, converters=converters)
    if not content.layers:
        problems = "; ".join(map(str, content.broken)) or "no models/ folder holds one"
        raise UserError(f"looking for layers: none is there ({problems}); give a folder with --models")
    return content


def _fits(route: Route, glob: str) -> bool:
    return fnmatch.fnmatchcase(route.id, glob) or glob in route.steps
