"""Which input and output of one model is which of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnparity.contracts import Arrays


@dataclass(frozen=True)
class Source:
    """Where an array comes from: its name in the other model, how its axes are turned, and what it is cast to.

    axes: as np.transpose takes them, () for as they are. dtype: "" for as it is.
    """

    name: str
    axes: tuple[int, ...] = ()
    dtype: str = ""

    def of(self, arrays: Arrays) -> np.ndarray:
        """Return the array."""
        array = arrays[self.name]
        turned = np.ascontiguousarray(array.transpose(self.axes)) if self.axes else array
        return turned.astype(self.dtype) if self.dtype else turned


@dataclass(frozen=True)
class Match:
    """inputs: the reference's inputs by what they are in the checked model; outputs: the checked model's, reversed."""

    inputs: Mapping[str, Source]
    outputs: Mapping[str, Source]

    def inputs_of(self, checked: Arrays) -> dict[str, np.ndarray]:
        """Return the reference's inputs, given those of the checked model."""
        return {name: source.of(checked) for name, source in self.inputs.items()}

    def outputs_of(self, reference: Arrays) -> dict[str, np.ndarray]:
        """Return what the checked model's outputs should be, given the reference's."""
        return {name: source.of(reference) for name, source in self.outputs.items()}


def itself(inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Match:
    """Return the match of a model with itself."""
    return Match({name: Source(name) for name in inputs}, {name: Source(name) for name in outputs})
