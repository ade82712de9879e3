"""Models that a user's own Python file makes: the file is run in the worker only, and what it makes is repeatable."""

from __future__ import annotations

import ast
import copy
import inspect
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Refused
from nnparity.loading import load_file

INTEGERS = ("ids", "indices", "index", "tokens", "mask")


def imports(file: Path, packages: tuple[str, ...]) -> bool:
    """Return whether the file imports one of the packages, or nothing that can be told; it is read and not run."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError):
        return True  # running it says what is wrong
    found = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    own = {one.stem for one in file.parent.glob("*.py")} | {one.name for one in file.parent.iterdir() if one.is_dir()}
    return bool(found & set(packages)) or bool(found & own)


def member_of(path: str, member: str) -> Any:
    """Return what the file calls by this name. Raises Refused where it has no such name."""
    file = Path(path)
    # As a script sees it: what lies beside it can be imported, later too. Nothing is written there.
    sys.path.insert(0, str(file.parent))
    sys.dont_write_bytecode = True
    module = load_file(file)
    found: Any = module
    for name in member.split("."):
        if not hasattr(found, name):
            there = ", ".join(sorted(one for one in vars(module) if not one.startswith("_")))
            raise Refused(f"{file.name} has no {member}; there are: {there}")
        found = getattr(found, name)
    return found


def made_by(found: Any, is_model: Callable[[Any], bool], member: str) -> Any:
    """Return the model itself, or what the class or function makes when called without arguments.

    Every call draws the same: what is random in it comes out the same in every process.
    """
    if is_model(found):
        return copy.deepcopy(found)  # what is made of it here must not be found changed by the next reading
    if not callable(found):
        raise Refused(
            f"{member} is a {type(found).__name__}; expected a model, its class, or a function that returns one"
        )
    needed = [
        one.name
        for one in inspect.signature(found).parameters.values()
        if one.default is one.empty and one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY}
    ]
    if needed:
        said = f"{member} needs {', '.join(needed)}; write a function without arguments that calls it"
        raise Refused(f"{said}: def make(): return {member}(...)")
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 what the user's own code draws from
    return found()


def dtype_by_name(name: str) -> str:
    """Return the dtype that an input of this name most likely has: int64 for token ids and masks, else float32."""
    return "int64" if name.lower().endswith(INTEGERS) else "float32"
