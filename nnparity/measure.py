"""What a model of the user's own is held to: itself in its own framework, in float64 where that can be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from nnparity.bench import Bench
from nnparity.contracts import Arrays, Config
from nnparity.dtypes import is_float
from nnparity.given import MEASURED, MOVED
from nnparity.layers import Case, rounded
from nnparity.matching import Match
from nnparity.outcome import Failure, Stage, Status


@dataclass(frozen=True)
class Measure:
    """The given model that says what is right. sample: a case of it. match: from another model's names to its own."""

    bench: Bench
    sample: Case
    match: Match

    @property
    def is_exact(self) -> bool:
        """Whether the reference is computed in float64, and not in the model's own dtype."""
        return self.bench.content.given[self.sample.layer].exact is not None

    def reference_runs(self, sets: Sequence[Arrays]) -> list[dict[str, np.ndarray]]:
        """Return what is right for each set of inputs, every float as float64. Raises Failure."""
        given = self.bench.content.given[self.sample.layer]
        read = given.exact or given.native
        runs = self._runs(sets, read.dtype)
        for name, array in runs[0].items():
            if given.exact is not None and is_float(array.dtype) and array.dtype != read.dtype:
                said = f"its output {name} stays {array.dtype.name} where all else is {read.dtype}"
                raise Failure(Stage.RUN, Status.UNSUPPORTED, said, component=given.runtime)
        return [{name: _widest(array) for name, array in run.items()} for run in runs]

    def moved_runs(self, inputs: Arrays) -> list[dict[str, np.ndarray]]:
        """Return what the model gives with its weights moved by a unit of rounding, where it is not had in float64."""
        given = self.bench.content.given[self.sample.layer]
        dtype = given.native.dtype
        runs = [self._runs([inputs], dtype, {MOVED: place})[0] for place in range(len(given.moved))]
        return [{name: _widest(array) for name, array in run.items()} for run in runs]

    def eager_runs(self, sets: Sequence[Arrays]) -> list[dict[str, np.ndarray]]:
        """Return what the model gives in its own dtype and framework for each set of inputs. Raises Failure."""
        return self._runs(sets, self.bench.content.given[self.sample.layer].native.dtype)

    def _runs(
        self, sets: Sequence[Arrays], dtype: str, more: Config = MappingProxyType({})
    ) -> list[dict[str, np.ndarray]]:
        given = self.bench.content.given[self.sample.layer]
        case = replace(self.sample, config={**self.sample.config, "dtype": dtype, MEASURED: True, **more})
        made = self.bench.build(case, given.root)
        asked = [rounded(self.match.inputs_of(one), dtype) for one in sets]
        return [self.match.outputs_of(run) for run in self.bench.run_once(made, given.runtime, asked)]


def _widest(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if is_float(array.dtype) else array
