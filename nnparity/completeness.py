"""What the object in a content file must have before anything uses it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

NAME = re.compile(r"\w[\w.+-]*", re.ASCII)  # it stands in paths, globs, file names and commands
METHODS = {
    "representation": ("save", "load", "count", "family"),
    "conversion": ("convert",),
    "runtime": ("load",),
    "start": ("takes", "read"),
    "cut": ("operators", "cut", "trusted"),
}
TEXTS = {
    "representation": ("title",),
    "conversion": ("source", "target"),
    "runtime": (),
    "start": ("title", "representation"),
    "cut": ("trusted_by",),
}
COARSEST_DIGIT = 1e-3
COMPUTED_IN = ("float16", "bfloat16", "float32", "float64")
TUPLES = {"representation": (), "conversion": (), "runtime": ("accepts",), "start": ("defined_by",), "cut": ()}


def named(thing: object, kind: type[Any]) -> dict[str, Any]:
    """Return the thing by its name. Raises TypeError or ValueError if it is no `kind`, or has no fit name."""
    if not isinstance(thing, kind):
        raise TypeError(f"expected a {kind.__name__}, got {type(thing).__name__}")
    return with_fit_names({thing.name: thing})


def complete(things: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what a file has of a `kind` in METHODS. Raises for the first that lacks what contracts.py asks for."""
    for name, one in with_fit_names(things).items():
        _has(name, one, TEXTS[kind], str)
        _has(name, one, TUPLES[kind], tuple)
        for method in METHODS[kind]:
            if not callable(getattr(one, method, None)):
                raise TypeError(f"{name} has no method `{method}`; write it, as in contracts.py")
        if hasattr(one, "compile") and not isinstance(getattr(one, "compiles_to", None), str):
            raise TypeError(f"{name} has `compile` but no `compiles_to`; name the representation that it returns")
        on_demand = getattr(one, "on_demand", False)
        if not isinstance(on_demand, bool):
            raise TypeError(f"{name}.on_demand is {on_demand!r}; expected True or False, or nothing, which means False")
        if kind == "cut" and not isinstance(getattr(one, "is_exact", None), bool):
            raise TypeError(f"{name}.is_exact says whether `trusted` has float64; expected True or False")
        computes_in = getattr(one, "computes_in", "float32")
        if computes_in not in COMPUTED_IN:
            raise TypeError(f"{name}.computes_in is {computes_in!r}; expected one of {', '.join(COMPUTED_IN)}")
        last_digit = getattr(one, "last_digit", COARSEST_DIGIT)
        if not isinstance(last_digit, float) or not 0.0 < last_digit <= COARSEST_DIGIT:
            raise TypeError(
                f"{name}.last_digit is {last_digit!r}; expected one unit of the last digit that the runtime prints, "
                f"greater than 0 and at most {COARSEST_DIGIT}"
            )
    return dict(things)


def with_fit_names(things: Mapping[str, Any]) -> dict[str, Any]:
    """Return the things. Raises ValueError for the first name that a path, a glob or a file's name cannot hold."""
    for name in things:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError(f"the name {name!r}: expected ASCII letters, digits, _ and later . + -; choose another")
    return dict(things)


def _has(name: str, one: Any, attributes: Sequence[str], kind: type) -> None:
    for attribute in attributes:
        value = getattr(one, attribute, None)
        if not isinstance(value, kind) or not value:
            raise TypeError(f"{name}.{attribute} is {value!r}; expected a {kind.__name__}, as in contracts.py")
