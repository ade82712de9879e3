"""Returns functions as they are written, for a reader: each with what it uses of its own file."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def code_of(function: Callable[..., Any]) -> str:
    """Return the function's source text after the helpers and constants of its file that it uses, in the file's order.

    "" for what has no definition at the top of a file: a lambda, a partial, something made by another function.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    parts = parts_of(Path(code.co_filename))
    name = function.__name__
    if name not in parts or code.co_firstlineno not in parts[name][1]:
        return ""
    needed = [name]
    for one in needed:
        needed += sorted(parts[one][2] - set(needed))
    order = list(parts)
    return "\n\n".join(dict.fromkeys(parts[one][0] for one in sorted(set(needed), key=order.index)))


@cache
def parts_of(file: Path) -> dict[str, tuple[str, range, frozenset[str]]]:
    """Return, by name, the text of what is defined at the top of a file, its lines, and what it uses of the others.

    In the file's order. Raises OSError or SyntaxError.
    """
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    found: dict[str, tuple[str, range, set[str]]] = {}
    for node in ast.parse(text).body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        end = node.end_lineno or node.lineno
        for name in _names(node):
            found[name] = ("\n".join(lines[first - 1 : end]), range(first, end + 1), _used(node))
    return {name: (said, place, frozenset(used & set(found) - {name})) for name, (said, place, used) in found.items()}


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]


def _used(node: ast.stmt) -> set[str]:
    """Return the names that are read and not the node's own parameters or variables."""
    own = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
    read = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    own |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return read - own
