"""What an artifact in Relay holds, and what every front end that makes one has in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnparity.contracts import Artifact, TensorSpec, Unsupported


@dataclass(frozen=True)
class RelayModule:
    """A tvm.IRModule, the weights that it takes as arguments, and where the artifact's inputs and outputs are in it.

    params: variable to tvm.nd.NDArray. inputs: input to variable of @main; one that the function does not use is left
    out, because the front ends drop it. outputs: for every output in the artifact's order, its place in @main's result.
    """

    module: Any
    params: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: tuple[int, ...]


def closed_inputs(artifact: Artifact) -> list[TensorSpec]:
    """Return the inputs with all their sizes; raise Unsupported if one is open."""
    if artifact.open_axes:
        raise Unsupported(f"Relay's graph executor compiles fixed shapes; left open: {', '.join(artifact.open_axes)}")
    return [spec.closed(artifact.sizes) for spec in artifact.inputs]


@contextlib.contextmanager
def declared() -> Iterator[None]:
    """Turn a front end's "not implemented" into Unsupported, in its words.

    TVM's OpNotImplemented and OpAttributeUnImplemented are NotImplementedErrors, and some code raises that itself.
    OpAttributeInvalid is what a front end raises for a value of an attribute that it does not know. What it asserts
    about dtypes comes without a class of its own.
    """
    from tvm.error import OpAttributeInvalid

    try:
        yield
    except (NotImplementedError, OpAttributeInvalid) as problem:
        raise Unsupported(str(problem).strip()) from problem
    except AssertionError as problem:
        if not str(problem).startswith("Data type can be "):
            raise
        raise Unsupported(str(problem)) from problem


def imported(
    artifact: Artifact,
    module: Any,
    params: Mapping[str, Any],
    *,
    variables: Mapping[str, str],
    places: Mapping[str, int],
) -> Artifact:
    """Return the module as an artifact.

    variables: the name that each input has in the module, used or not. places: where each output is in its result.
    Raises ValueError if the module's arguments or results are not the artifact's.
    """
    from tvm import ir, relay

    typed = relay.transform.InferType()(module)
    arguments = {variable.name_hint for variable in typed["main"].params}
    foreign = arguments - set(params) - set(variables.values())
    if foreign:
        raise ValueError(f"imported module: unknown arguments {sorted(foreign)}; expected {sorted(variables.values())}")
    result = typed["main"].ret_type
    count = len(result.fields) if isinstance(result, ir.TupleType) else 1
    if count != len(artifact.outputs):
        raise ValueError(f"imported module: {count} results; expected {len(artifact.outputs)}: {artifact.outputs}")
    model = RelayModule(
        module=module,
        params=dict(params),
        inputs={name: variable for name, variable in variables.items() if variable in arguments},
        outputs=tuple(places[name] for name in artifact.outputs),
    )
    return artifact.converted("relay", model)
