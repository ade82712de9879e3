"""What every conversion to OpenVINO's representation has in common: names, and what is declared not supported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.dtypes import BFLOAT16, named
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
NO_RULE = "No conversion rule found for operations"
RULE_FAILED = "Conversion is failed for"
# TorchScript's None, which the operator without a rule would have taken in.
FOLLOWS = f"{RULE_FAILED}: prim::Constant"
NOT_HANDLED = ("Unsupported padding mode: ", "Explicit padding for ")


@contextlib.contextmanager
def declared() -> Iterator[None]:
    """Re-raise as Unsupported a front end's declaration that it has no rule for some operators, and no other fault.

    convert_model raises the front end's own class, read_model a RuntimeError.
    """
    failure = load_file(SUPPORT / "openvino_quiet.py").openvino().frontend.OpConversionFailure
    try:
        yield
    except (failure, RuntimeError) as error:
        text = str(error)
        failed = [line for line in text.splitlines() if RULE_FAILED in line and not line.endswith(FOLLOWS)]
        words = NOT_HANDLED if failed else (*NOT_HANDLED, NO_RULE)
        said = [line[line.index(word) :] for word in words for line in text.splitlines() if word in line]
        if not said:
            raise
        raise Unsupported(f"OpenVINO: {said[0]}") from error


def shapes_and_types(artifact: Artifact) -> list[tuple[Any, Any]]:
    """Return for every input what convert_model takes in its argument `input`; an open axis is -1."""
    openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
    return [
        (
            openvino.PartialShape([-1 if isinstance(size, str) else size for size in spec.shape]),
            openvino.Type.bf16 if spec.dtype == BFLOAT16 else openvino.Type(named(spec.dtype)),
        )
        for spec in artifact.inputs
    ]


def name_by_place(artifact: Artifact, model: Any) -> None:
    """Give the model's inputs and outputs the artifact's names, in order; an input that nothing uses is left out.

    Its name would not outlast a file. Raises ValueError if there are other inputs or outputs.
    """
    taken, given = [spec.name for spec in artifact.inputs], artifact.outputs
    if (len(model.inputs), len(model.outputs)) != (len(taken), len(given)):
        raise ValueError(
            f"converted model: {len(model.inputs)} inputs and {len(model.outputs)} outputs; "
            f"expected {len(taken)} and {len(given)}"
        )
    for port, name in zip(model.inputs, taken, strict=True):
        port.tensor.set_names({name})
        port.get_node().set_friendly_name(name)
        if not port.get_target_inputs():
            model.remove_parameter(port.get_node())
    for port, name in zip(model.outputs, given, strict=True):
        port.tensor.add_names({name})


def converted(artifact: Artifact, model: Any) -> Artifact:
    """Return the model as an artifact.

    Raises ValueError unless its outputs are the artifact's, by name, and its inputs among the artifact's: what the
    function does not use is left out.
    """
    inputs, outputs = {spec.name for spec in artifact.inputs}, set(artifact.outputs)
    for what, ports, wanted in (("input", model.inputs, inputs), ("output", model.outputs, outputs)):
        for port in ports:
            if not port.get_names() & wanted:
                raise ValueError(f"converted model: an {what} is named {sorted(port.get_names())}; expected {wanted}")
    if len(model.outputs) != len(outputs):
        raise ValueError(f"converted model: {len(model.outputs)} outputs; expected {sorted(outputs)}")
    return artifact.converted("openvino_ir", model)
