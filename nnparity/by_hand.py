"""Finds what the files in by_hand/ say: what somebody without nnparity does in place of each component."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnparity.code import parts_of
from nnparity.discovery import content_folders

BY_HAND, NOT_SHOWN_WORDS = "by_hand", "NOT_SHOWN"
MODEL_OF = "{}_model"
"""The function that takes a layer's build to the root's model, where the root needs more than the build."""


@dataclass(frozen=True)
class ByHand:
    """What to do by hand in place of one component: a function, and the names of what it takes."""

    file: Path
    name: str
    takes: tuple[str, ...]


@dataclass(frozen=True)
class AllByHand:
    """functions: by the component's name. not_shown: likewise, words of its failures to why no script shows them."""

    functions: Mapping[str, ByHand]
    not_shown: Mapping[str, Mapping[str, str]]


def by_hand_in(folders: Sequence[Path] = ()) -> AllByHand:
    """Return what the files in by_hand/ say; `folders` are a third party's own."""
    ours = [folder / "converters" for folder in content_folders()]
    functions: dict[str, ByHand] = {}
    not_shown: dict[str, Mapping[str, str]] = {}
    places = [folder.resolve() / BY_HAND for folder in (*ours, *folders)]
    for file in (file for place in places for file in sorted(place.glob("*.py"))):
        declared: Mapping[str, str] = {}
        here: dict[str, ByHand] = {}
        for name, (text, _, _) in parts_of(file).items():
            (node, *_) = ast.parse(text).body
            if isinstance(node, ast.FunctionDef):
                here[name] = ByHand(file, name, tuple(one.arg for one in node.args.args))
            elif isinstance(node, ast.Assign) and name == NOT_SHOWN_WORDS:
                declared = ast.literal_eval(node.value)
        not_shown |= {name: declared for name in here if declared and name not in functions}
        functions = here | functions
    return AllByHand(functions, not_shown)
