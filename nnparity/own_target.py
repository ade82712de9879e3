"""From what the user named to a model that paths can start at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnparity.bench import Bench
from nnparity.contracts import Size, Start, Wanted
from nnparity.discovery import Component, Content
from nnparity.dtypes import is_float
from nnparity.errors import UserError, nearest
from nnparity.given import Given, ReadModel
from nnparity.oracle import EXACT
from nnparity.outcome import Failure
from nnparity.remote import CallFailed

SHAPE = re.compile(r"(?P<name>[^=]+)=(?P<sizes>[^:]*)(:(?P<dtype>\w+))?")


@dataclass(frozen=True)
class Shapes:
    """What the user said of inputs by name; a string in a shape is an axis to leave open."""

    shapes: Mapping[str, tuple[Size, ...]]
    dtypes: Mapping[str, str]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Shapes:
        """Return what --shape said. Raises UserError for what does not read NAME=2,3,224,224 or NAME=n,16:int64."""
        shapes: dict[str, tuple[Size, ...]] = {}
        dtypes: dict[str, str] = {}
        for text in texts:
            found = SHAPE.fullmatch(text)
            sizes = [one.strip() for one in found["sizes"].split(",")] if found else [""]
            if found and sizes == [""]:
                sizes = []  # a scalar
            if not found or not all(one.isdigit() or one.isidentifier() for one in sizes):
                raise UserError(
                    f"--shape {text!r}: expected NAME=SIZES as in x=2,3,224,224; a name for a size, as in x=n,3,32,32, "
                    "leaves it open, and :int64 after the sizes gives the dtype"
                )
            shapes[found["name"]] = tuple(int(one) if one.isdigit() else one for one in sizes)
            if found["dtype"]:
                dtypes[found["name"]] = dtype_named(found["dtype"], text)
        return cls(shapes, dtypes)

    def of_arrays(self, arrays: Mapping[str, np.ndarray]) -> Shapes:
        """Return the same, with what the user's arrays say of inputs that nothing is said of.

        Their width of floats is not: NumPy writes float64 unless it is told otherwise.
        """
        exact = {name: array.dtype.name for name, array in arrays.items() if not is_float(array.dtype)}
        return Shapes(
            {**{name: array.shape for name, array in arrays.items()}, **self.shapes},
            {**exact, **self.dtypes},
        )


def dtype_named(name: str, text: str) -> str:
    """Return the name if NumPy has a dtype of numbers called so. Raises UserError."""
    try:
        found = np.dtype(name)
    except TypeError:
        found = np.dtype("O")
    if found.kind not in "fiub":
        raise UserError(f"--shape {text!r}: {name!r} is no dtype of numbers; write float32, int64, bool or the like")
    return found.name


@dataclass(frozen=True)
class Target:
    """What the user named: a file or folder, and in a Python file the name of what makes the model."""

    text: str
    path: Path
    member: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Return the target. Raises UserError where there is no such file."""
        path, _, member = text.rpartition(":") if ".py:" in text else (text, "", "")
        if not Path(path).exists():
            raise UserError(f"{text}: there is no {path}; give file.py:callable, a model file, or a SavedModel folder")
        if path.endswith(".py") and not member:
            raise UserError(f"{text}: which model of the file? Write {text}:Net, a class, a function or a model")
        return cls(text, Path(path), member)

    @property
    def name(self) -> str:
        """A name for reports and cases: letters and digits."""
        stem = self.path.stem if self.path.suffix else self.path.name
        return (
            re.sub(r"[^A-Za-z0-9_.-]", "_", f"{stem}.{self.member}" if self.member else stem).lstrip("._-") or "model"
        )


def starts_for(target: Target, content: Content) -> list[Component[Start]]:
    """Return the starts that may read the target. Raises UserError if none may."""
    able = [one for _, one in sorted(content.starts.items()) if one.kind.takes(target.path, target.member)]
    if not able:
        known = "; ".join(sorted(one.kind.title for one in content.starts.values()))
        raise UserError(f"{target.text}: no model that is known here; there are {known}")
    return able


def read_target(target: Target, wanted: Wanted, bench: Bench, python: Path | None, say: Callable[[str], None]) -> Given:
    """Return the model, read by the first start that takes it. Raises UserError.

    python: the user's own interpreter, which stands for the environment of the start.
    """
    passed_over = []
    for start in starts_for(target, bench.content):
        if python is not None:
            bench.environments.stand_in(start.environment, python)
        bench.environments.build_all([start.environment], say)
        try:
            return _read_by(start, target, wanted, bench)
        except CallFailed as problem:
            if problem.cause == "Refused":
                raise UserError(f"{target.text}: {problem.detail}") from problem
            said = problem.detail
            if problem.module:
                said = bench.why_no_module(problem.module, start.name)
            elif problem.cause != "NotMine":
                said = f"reading it as {start.kind.title}: {_plain(problem.detail, target)}"
            passed_over.append(said)
            if not (problem.module or problem.cause):
                break
        except Failure as failure:
            raise UserError(f"{target.text}: {failure.detail}") from failure
    raise UserError(f"{target.text}: {'; '.join(passed_over)}")


def _read_by(start: Component[Start], target: Target, wanted: Wanted, bench: Bench) -> Given:
    native = bench.read_given(start, wanted)
    exact: ReadModel | None = None
    why_not = ""
    if native.dtype != EXACT:
        try:
            exact = bench.read_given(start, replace(wanted, dtype=EXACT))
        except (CallFailed, Failure) as problem:
            why_not = problem.detail
    else:
        exact = native
    return Given(
        target=target.text,
        start=start.name,
        root=start.kind.representation,
        runtime=start.kind.defined_by[0],
        wanted=wanted,
        native=native,
        exact=exact,
        why_not=why_not,
    )


def sizes_of(read: ReadModel, shapes: Shapes) -> dict[str, int]:
    """Return a size for every axis that the model leaves open: the user's, else a small one. Raises UserError."""
    for name in shapes.shapes:
        if name not in {spec.name for spec in read.inputs}:
            raise UserError(
                f"--shape {name}=...: no input of the model; {nearest(name, [s.name for s in read.inputs])}"
            )
    sizes: dict[str, int] = {}
    for spec in read.inputs:
        said = shapes.shapes.get(spec.name)
        if said is not None and len(said) != len(spec.shape):
            raise UserError(f"--shape {spec.name}: {len(said)} sizes; the model's input has {_shown(spec.shape)}")
        for place, size in enumerate(spec.shape):
            given = said[place] if said is not None else None
            if isinstance(size, str) and isinstance(given, int):
                if sizes.setdefault(size, given) != given:
                    raise UserError(f"--shape {spec.name}: the axis {size} is {sizes[size]} already, and {given} here")
            elif isinstance(size, int) and isinstance(given, int) and size != given:
                raise UserError(f"--shape {spec.name}: the model's input has {_shown(spec.shape)}, fixed")
    for spec in read.inputs:
        for place, size in enumerate(spec.shape):
            if isinstance(size, str):
                usual = BATCH_SIZE if place == 0 else IMAGE_SIZE if len(spec.shape) > 3 else OTHER_SIZE
                sizes.setdefault(size, read.sizes.get(size, usual))
    return sizes


BATCH_SIZE, IMAGE_SIZE, OTHER_SIZE = 2, 32, 8
"""For axes that neither the file nor the user gives a size; 32 is what five halvings of an image need."""


def _shown(shape: Sequence[Size]) -> str:
    return f"({', '.join(map(str, shape))})"


def _plain(detail: str, target: Target) -> str:
    """Return what a reader said without the folder that the user is in."""
    return detail.replace(os.path.abspath(target.path), str(target.path)).splitlines()[0] if detail else "no reason"
