"""What an artifact in Relax and one compiled from it hold, and what both front ends have in common."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nnparity.contracts import Artifact, Unsupported

# With what an assertion of TVM begins by which it refuses operators of an ExportedProgram that it does not know.
UNKNOWN_OPERATORS = "Unsupported function types"
# TVM's words for an operator of floats that takes no bfloat16 for one; their class is TypeError.
NO_FLOAT = re.compile(r"expects that \w+ must be float, but got T\.bfloat16")
# And for what has to be known when the model is converted; their class is ValueError.
NOT_CONSTANT = re.compile(r"^(Dynamic .+ supported yet|\w+ \w+ must be a constant)")


@dataclass(frozen=True)
class RelaxModule:
    """A tvm.IRModule, or the executable compiled from it; what goes in and comes out of @main, by the artifact's names.

    inputs: in the order of @main's arguments. outputs: in the order of its results.
    """

    module: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@contextlib.contextmanager
def declared() -> Iterator[None]:
    """Turn a front end's "not implemented" into Unsupported, in its words.

    OpNotImplemented is a NotImplementedError; operators of an ExportedProgram are refused by an assertion.
    """
    from tvm.error import OpAttributeInvalid

    try:
        yield
    except (NotImplementedError, OpAttributeInvalid) as problem:
        raise Unsupported(f"TVM: {str(problem).strip()}") from problem
    except AssertionError as problem:
        if not str(problem).startswith(UNKNOWN_OPERATORS):
            raise
        raise Unsupported(f"TVM: {problem}") from problem
    except (TypeError, ValueError) as problem:
        refusal = NO_FLOAT.search(str(problem)) or NOT_CONSTANT.search(str(problem))
        if refusal is None:
            raise
        raise Unsupported(f"TVM: {refusal[0]}") from problem


def imported(artifact: Artifact, module: Any, *, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Artifact:
    """Return the module as an artifact. Raises ValueError if @main does not take and give as many as are named."""
    from tvm import ir

    main = module["main"]
    if len(main.params) != len(inputs):
        taken = [variable.name for variable in main.params]
        raise ValueError(f"imported module: it takes {taken}; expected {list(inputs)}")
    given = main.ret_ty.fields if isinstance(main.ret_ty, ir.TupleType) else [main.ret_ty]
    if len(given) != len(outputs):
        raise ValueError(f"imported module: {len(given)} results; expected {list(outputs)}")
    return artifact.converted("relax", RelaxModule(module=module, inputs=inputs, outputs=outputs))
