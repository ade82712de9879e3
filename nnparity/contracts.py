"""What a component is given, and what it must implement.

Runs on Python 3.8 with nothing but NumPy, because it is imported in every environment.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Protocol, Sequence, Tuple, Union, runtime_checkable

import numpy as np

from nnparity.dtypes import named

Arrays = Mapping[str, np.ndarray]
Config = Mapping[str, Any]
Size = Union[int, str]


class Unsupported(Exception):
    """The component declares that it does not handle this model. Anything else that goes wrong is a failure."""


class NotHere(Exception):
    """This machine lacks what the component needs; the message says what, and what the user must supply."""


class NotMine(Exception):
    """What the user named is of another kind than the start reads; another start may read it."""


class Refused(Exception):
    """What the user named is not read: what is wrong with it, and what to do, in words for the user."""


class Family(enum.Enum):
    """Kinds of operator that every representation has, under whatever names."""

    MATMUL = "matmul"
    ELEMENTWISE = "elementwise"
    ACTIVATION = "activation"
    NORMALISATION = "normalisation"
    REDUCTION = "reduction"
    LAYOUT = "layout"
    CAST = "cast"
    CONSTANT = "constant"
    CONTROL_FLOW = "control flow"
    GATHER_SCATTER = "gather/scatter"
    CONV = "conv"
    POOL = "pool"
    RECURRENT = "recurrent"
    FUSED = "fused"
    CUSTOM = "custom"


@dataclass(frozen=True)
class TensorSpec:
    """Name, dtype and shape of one input. A string in `shape` is an axis left open, such as "batch"."""

    name: str
    dtype: str
    shape: Tuple[Size, ...]

    def closed(self, sizes: Mapping[str, int]) -> TensorSpec:
        """Return the spec with every named axis replaced by its size."""
        return replace(self, shape=self.sized(sizes))

    def sized(self, sizes: Mapping[str, int]) -> Tuple[int, ...]:
        """Return the shape with every named axis replaced by its size."""
        return tuple(sizes[size] if isinstance(size, str) else size for size in self.shape)


@dataclass(frozen=True)
class Artifact:
    """One model in one representation.

    model: the representation's live object (a torch.nn.Module, an onnx.ModelProto, the bytes of a .tflite file).
    inputs: in the order in which the root's callable takes them. outputs: names, in the order of its results.
    sizes: the size to give an open axis where an example is needed; it says nothing about other runs.
    operators: how many of each operator, by the representation's own names; None asks the representation to count.
    steps: of a quantised model, the size of one step of each output; None for all others.
    """

    representation: str
    model: Any
    inputs: Tuple[TensorSpec, ...]
    outputs: Tuple[str, ...]
    sizes: Mapping[str, int]
    operators: Mapping[str, int] | None = None
    steps: Mapping[str, float] | None = None

    @property
    def open_axes(self) -> Tuple[str, ...]:
        """Names of the axes left open, in order of appearance; empty when every size is fixed."""
        names = (size for spec in self.inputs for size in spec.shape if isinstance(size, str))
        return tuple(dict.fromkeys(names))

    def example(self) -> Dict[str, np.ndarray]:
        """Return zeros for every input, with `sizes` for the open axes: what a tracer is given."""
        return {spec.name: np.zeros(spec.sized(self.sizes), dtype=named(spec.dtype)) for spec in self.inputs}

    def converted(self, representation: str, model: Any) -> Artifact:
        """Return the same function in another representation, operators not yet counted."""
        return replace(self, representation=representation, model=model, operators=None)

    def with_operators(self, operators: Mapping[str, int]) -> Artifact:
        """Return the artifact with these operator counts instead of the representation's own."""
        return replace(self, operators=operators)

    def with_steps(self, steps: Mapping[str, float]) -> Artifact:
        """Return the artifact with the size of one step of each quantised output."""
        return replace(self, steps=steps)


@dataclass(frozen=True)
class Operator:
    """One operator of a drawn graph.

    takes, gives: names of values; what nothing gives and is no input of the model, such as a weight, is left out.
    shapes: of what it gives, as a reader wants them: "2x3 float32". within: place in the drawing of the operator whose
    branch or body it is part of, -1 for none.
    """

    name: str
    takes: Tuple[str, ...]
    gives: Tuple[str, ...]
    shapes: Tuple[str, ...] = ()
    within: int = -1


class Drawing(Protocol):
    """How models of one representation are drawn as graphs: the same operators as it counts, with what joins them."""

    @property
    def representation(self) -> str: ...

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        """Return the operators in an order in which they can run. The model's inputs are values by their names."""


@dataclass(frozen=True)
class CutOperator:
    """One operator of a graph that can be cut in two.

    kind: what its representation calls such operators. name: what the model calls this one, "" if it does not.
    takes, gives: names of tensors; weights and other constants are left out of `takes`. apart: those of `gives` that
    cannot be the output of a cut, such as a list. source: the line or module that it was exported from, "" if not kept.
    """

    kind: str
    name: str
    takes: Tuple[str, ...]
    gives: Tuple[str, ...]
    apart: Tuple[str, ...] = ()
    source: str = ""


class Cut(Protocol):
    """How models of one representation are cut, and what says which values are right inside of them."""

    @property
    def representation(self) -> str: ...

    @property
    def environment(self) -> str:
        """Where the methods below run."""

    @property
    def trusted_by(self) -> str:
        """What computes the values that are trusted, in words for the user: "ONNX's evaluator in float64"."""

    @property
    def is_exact(self) -> bool:
        """Whether `trusted` computes in float64 where it is asked to."""

    def operators(self, artifact: Artifact) -> Sequence[CutOperator]:
        """Return the operators in an order in which they can run.

        The model's inputs and outputs are tensors by their names.
        """

    def cut(self, artifact: Artifact, takes: Sequence[TensorSpec], gives: Sequence[str], example: Arrays) -> Artifact:
        """Return the part that computes the tensors `gives` from the tensors `takes`, as a model of its own.

        Its inputs and outputs are in these orders; they may have other names. Operators keep their names. All that
        `gives` needs follows from `takes` and constants. example: inputs of the whole model, for what is worked out of
        shapes. Raises Unsupported where the part cannot stand alone.
        """

    def trusted(self, artifact: Artifact, *, exact: bool, moved: int = 0) -> Session:
        """Return a session that computes right values, in float64 if `exact` and that can be had, else as the model is.

        Inputs come in the model's own dtypes, or in float64 where `exact`. moved: asked for only where that cannot be
        had. Where it is not 0, every float tensor inside is moved by a unit of rounding, in directions that this is the
        seed of: what rounding inside does to the outputs.
        """


class Representation(Protocol):
    """One form of a model: how it is kept in files, which operators it has, and what they are."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """The name that its users write: "TorchScript"."""

    def save(self, model: Any, folder: Path) -> None:
        """Write the live object into an empty folder."""

    def load(self, folder: Path) -> Any:
        """Return the live object that `save` wrote; a root builds it from the recipe in the folder."""

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each operator the model has, subgraphs and functions included."""

    def family(self, operator: str) -> Family | None:
        """Return the family of an operator name, or None if no family claims it."""


@runtime_checkable
class Quantised(Protocol):
    """A representation whose models are judged against what they say themselves, in steps of their outputs.

    How far that lies from the layer is recorded beside the verdict. Its conversions give `with_steps`.
    """

    @property
    def meaning(self) -> str:
        """Name of the runtime that computes what a model says, operator by operator and unoptimised."""


class Root(Representation, Protocol):
    """A representation that layers are written in."""

    @property
    def eager(self) -> str:
        """Name of the runtime that runs the model as its framework does, without conversion."""


class Conversion(Protocol):
    """An edge: from an artifact in `source` to one in `target`. An optimiser has the same on both sides."""

    @property
    def name(self) -> str: ...

    @property
    def environment(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def target(self) -> str: ...

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the same function in `target`; raise Unsupported for what is declared not handled."""


class Session(Protocol):
    """A model loaded and ready to run."""

    def run(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Sessions may be run any number of times."""


class Runtime(Protocol):
    """A leaf: loads an artifact and runs it."""

    @property
    def name(self) -> str: ...

    @property
    def environment(self) -> str: ...

    @property
    def accepts(self) -> Tuple[str, ...]:
        """Representations that it loads."""

    def load(self, artifact: Artifact) -> Session: ...


@dataclass(frozen=True)
class Wanted:
    """A model of the user's own, and how it is to be read.

    path: a file or folder. member: in a Python file, the name of the model or of what makes it.
    dtype: "" for the model as it is, else the float dtype that everything in it is to be computed in.
    moved: where it is not 0, every float weight is moved by a unit of rounding, in directions that this is the seed of.
    closed: whether the axes that a file leaves open are to have the sizes in `shapes`, which are then all given.
    shapes, dtypes: of inputs, where the user gave them; a string in a shape is an axis to leave open.
    trust: whether a file may be read that can run any code. megabytes, nodes: the most that is read.
    """

    path: str
    member: str = ""
    dtype: str = ""
    moved: int = 0
    closed: bool = False
    shapes: Mapping[str, Tuple[Size, ...]] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)
    trust: bool = False
    megabytes: int = 2048
    nodes: int = 50_000


@dataclass(frozen=True)
class Reading:
    """What a start read. artifact: as for a conversion; its model is None where the start wrote the files itself.

    dtype: the float dtype that the model computes in, the coarsest where there are several.
    bounds: of integer inputs, how many values there are from 0 on, where the model shows it: rows of a table.
    """

    artifact: Artifact
    dtype: str
    bounds: Mapping[str, int] = field(default_factory=dict)


class Start(Protocol):
    """Reads one kind of model that a user has: where paths begin that no layer is built for."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """What a user calls it, with its article: "an ONNX file"."""

    @property
    def representation(self) -> str:
        """What it is read as; paths go on from there."""

    @property
    def environment(self) -> str: ...

    @property
    def defined_by(self) -> Tuple[str, ...]:
        """Runtimes of the representation that run the model as its own framework does, the first that can is taken."""

    def takes(self, path: Path, member: str) -> bool:
        """Return whether it may read this. Called in the host: the standard library only, and nothing is executed."""

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        """Return what is in the file, having written to `folder` what a recipe needs if the artifact has no model.

        Raises NotMine for what is of another kind, Refused for what cannot or must not be read, and Unsupported for a
        dtype that the model cannot be computed in, and where its weights cannot be moved.
        """


@runtime_checkable
class CompilingRuntime(Protocol):
    """A runtime with ahead-of-time work of its own, done once and kept in the cache."""

    @property
    def compiles_to(self) -> str:
        """Representation of what `compile` returns."""

    def compile(self, artifact: Artifact) -> Artifact:
        """Return what `load` takes, with the operators that are left after the runtime's own optimisation."""


@runtime_checkable
class OnDemand(Protocol):
    """A component whose paths are run only in the nightly profile, or when the user names them or one of their steps.

    For settings between two that always run: they would cost every run as much again and seldom show more.
    """

    @property
    def on_demand(self) -> bool: ...


@runtime_checkable
class ComputesIn(Protocol):
    """A runtime that computes every float in one dtype, by its documentation, and is judged in that."""

    @property
    def computes_in(self) -> str: ...


@runtime_checkable
class TellsDigits(Protocol):
    """A runtime whose only way out is text with so many digits after the point: what is smaller it does not tell."""

    @property
    def last_digit(self) -> float:
        """One unit of the last digit: 1e-6 where there are six. Half of it is allowed beside the budget."""


@runtime_checkable
class NeedsSupply(Protocol):
    """A component that needs what no registry has, such as a vendor's program, found by an environment variable."""

    def missing(self) -> str:
        """Return what the user must supply, "" if it is there. Called in the host: the standard library only."""


@runtime_checkable
class Supplied(Protocol):
    """A component that works with what the user supplied: what it makes with one supply is not what another makes."""

    def supplied(self) -> str:
        """Return what tells this supply from another, "" if there is none. Called in the host, as `missing` is."""


@dataclass(frozen=True)
class Environment:
    """A pinned set of packages in which components run, apart from all others.

    packages: what its components import. constraints: the whole closure, so that two builds are equal.
    variables: set before the interpreter starts. probe: modules whose import proves that the build works.
    npm: the whole closure of packages for Node.js, "name@version"; they lie in the environment's node_modules.
    """

    name: str
    python: str
    packages: Tuple[str, ...]
    constraints: Tuple[str, ...] = ()
    variables: Mapping[str, str] | None = None
    probe: Tuple[str, ...] = ()
    npm: Tuple[str, ...] = ()
