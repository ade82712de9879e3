"""What a file in models/ fills in: one layer, and one call of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.dtypes import is_float
from nnparity.relations import Relation, changed_inputs

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

BUILT_IN = "dtype that the model was built in"
"""A key that only configs have that were narrowed for a runtime that computes in a coarser dtype than the case's."""


@dataclass(frozen=True)
class Signature:
    """Inputs in the order in which the builds take them, and the names of the outputs in order.

    A string in an input's shape names a config key whose value is that axis's size: "batch".
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class LayerSpec:
    """A mathematical function with weights, written once in NumPy and once per framework.

    configs: JSON values only, valid by construction, with the keys "batch" and "dtype".
    signature, inputs: the only readers of config["batch"]; reference and builds take the size from the arrays.
    weights: float64 draws; they are rounded to config["dtype"] before anyone sees them.
    A number that follows from the dtype, as a default eps does, is config.get(BUILT_IN, config["dtype"])'s: a runtime
    that computes in a coarser dtype gets it with the model, as a constant.
    reference: gets weights and inputs as float64 (integers and booleans as they are) and computes in float64.
    build: root name -> f(config, weights) -> a callable that takes the inputs in signature order; for torch a
    torch.nn.Module that returns a tensor or a tuple in output order, for tensorflow a tf.Module that returns a
    dict by output name.
    scale: like reference, but the magnitude of the terms whose sum an element is, where cancellation makes the element
    much smaller: |x| for GELU, whose x / 2 * (1 + erf) loses all digits in the left tail. None: the element itself.
    relations: facts that tie the outputs of two runs, whatever computes them; `relations.ROWS` for nearly every layer.
    examples: configs that are always run first.
    catches: one line, what the layer is there to catch.
    """

    name: str
    source: str
    catches: str
    configs: SearchStrategy[Config]
    signature: Callable[[Config], Signature]
    inputs: Callable[[Config], SearchStrategy[Arrays]]
    weights: Callable[[Config, np.random.Generator], Arrays]
    reference: Callable[[Config, Arrays, Arrays], Arrays]
    build: Mapping[str, Callable[[Config, Arrays], Any]]
    scale: Callable[[Config, Arrays, Arrays], Arrays] | None = None
    relations: tuple[Relation, ...] = ()
    examples: tuple[Config, ...] = ()


@dataclass(frozen=True, eq=False)
class Case:
    """Everything needed to repeat one call in another process.

    seed: of the weights. open_axes: axes whose size the converter is not told; ("batch",) or ().
    relation: the name of the layer's relation that is asked about, in place of the outputs themselves; "" if none.
    """

    layer: str
    config: Config
    seed: int
    inputs: Arrays
    open_axes: tuple[str, ...] = ()
    witness: bool = False
    relation: str = ""

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits that name this case on every machine."""
        return self.digest[:12]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of layer, config, seed, open axes, input bytes and relation."""
        hasher = hashlib.sha256(f"{self.model_text}{self.relation}".encode())
        for name in sorted(self.inputs):
            array = np.ascontiguousarray(self.inputs[name])
            hasher.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
            hasher.update(array.tobytes())
        return hasher.hexdigest()

    @cached_property
    def model_text(self) -> str:
        """Canonical JSON of what decides the model: all but the inputs."""
        return json.dumps([self.layer, self.config, self.seed, self.open_axes], sort_keys=True)


def relation_of(case: Case, layer: LayerSpec) -> Relation:
    """Return the relation that the case asks about. Raises KeyError if the layer has none of this name."""
    return {relation.name: relation for relation in layer.relations}[case.relation]


def changed_by_relation(case: Case, layer: LayerSpec) -> dict[str, np.ndarray] | None:
    """Return the inputs of the relation's second run, or None where it says nothing about the case."""
    return changed_inputs(relation_of(case, layer), case.config, case.inputs, int(case.digest[:12], 16))


def rounded(arrays: Arrays, dtype: str) -> dict[str, np.ndarray]:
    """Return the arrays with every float array rounded to `dtype`; integers and booleans stay."""
    return {
        name: np.asarray(array, dtype=dtype if is_float(array.dtype) else array.dtype, order="C")
        for name, array in arrays.items()
    }


def weights_of(layer: LayerSpec, config: Config, seed: int) -> dict[str, np.ndarray]:
    """Return the layer's weights for this seed, rounded to config["dtype"]."""
    return rounded(layer.weights(config, np.random.default_rng(seed)), config["dtype"])
