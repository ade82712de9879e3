"""A model that is given instead of built from a layer: what a start read of it, in its own dtype and in float64."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnparity.contracts import Config, TensorSpec, Wanted
from nnparity.worker import ARTIFACT

MOVED = "which of the models with moved weights"
MEASURED = "of any size"
"""Keys that only configs of a measure have."""


@dataclass(frozen=True)
class ReadModel:
    """What a start left in a folder. key: of all that is in it. dtype: what the model computes in.

    inputs, outputs: as the model has them. bounds: of integer inputs, how many values there are from 0 on.
    sizes: of open axes, those that the model itself was made with, where it says so.
    """

    folder: Path
    key: str
    dtype: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[str, ...]
    bounds: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def open_axes(self) -> tuple[str, ...]:
        """Names of the axes that the model leaves open, in order of appearance."""
        return tuple(dict.fromkeys(size for spec in self.inputs for size in spec.shape if isinstance(size, str)))


@dataclass(frozen=True)
class Given:
    """A model of the user's own. target: as the user wrote it. root: the representation that it was read as.

    runtime: runs it as its own framework does. exact: the same in float64, None where it cannot be had, and why_not.
    closed: the same with every axis closed, None where it leaves none open or its start does not close any.
    moved: the same with every weight moved by a unit of rounding, where it is not had in float64.
    """

    target: str
    start: str
    root: str
    runtime: str
    wanted: Wanted
    native: ReadModel
    exact: ReadModel | None = None
    why_not: str = ""
    moved: tuple[ReadModel, ...] = ()
    closed: ReadModel | None = None

    def read_as(self, config: Config, open_axes: tuple[str, ...]) -> ReadModel:
        """Return the model in the config's dtype if it was read so, else as it is; with weights moved where it says."""
        if MOVED in config:
            return self.moved[config[MOVED]]
        if self.exact is not None and config["dtype"] == self.exact.dtype:
            return self.exact
        fits = self.closed is not None and not open_axes and MEASURED not in config
        return self.closed if self.closed is not None and fits else self.native


def read_model(folder: Path, *, key: str, dtype: str, bounds: Mapping[str, int]) -> ReadModel:
    """Return what a start wrote into the folder."""
    text = json.loads((folder / ARTIFACT).read_text(encoding="utf-8"))
    inputs = tuple(TensorSpec(name, kind, tuple(shape)) for name, kind, shape in text["inputs"])
    return ReadModel(folder, key, dtype, inputs, tuple(text["outputs"]), dict(bounds), text["sizes"])
