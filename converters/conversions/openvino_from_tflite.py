"""TFLite to OpenVINO's representation, by its reader of TFLite files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
REPRESENTATION = Path(__file__).parents[1] / "representations" / "tflite.py"
# The reader's words for an operator, and for a type of tensor, that it has nothing for.
NOT_HANDLED = ("No translator found for", "Unexpected type:")


class OpenVinoFromTflite:
    name = "openvino_from_tflite"
    environment = "openvino_tflite"
    source = "tflite"
    target = "openvino_ir"
    on_demand = True
    operators_from = "operators of the model that convert_model returns"

    def convert(self, artifact: Artifact) -> Artifact:
        support = load_file(SUPPORT / "openvino_model.py")
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        representation = load_file(REPRESENTATION)
        with tempfile.TemporaryDirectory() as folder, support.declared():
            representation.REPRESENTATION.save(artifact.model, Path(folder))
            try:
                model = openvino.convert_model(Path(folder, representation.FILE), share_weights=False)
            except (openvino.frontend.OpConversionFailure, openvino.frontend.GeneralFailure) as error:
                lines = [line.strip() for line in str(error).splitlines()]
                said = next((line for line in lines if line.startswith(NOT_HANDLED)), "")
                if not said:
                    raise
                raise Unsupported(f"OpenVINO: {said}") from error
        name_by_signature(artifact.model, model)
        converted: Artifact = support.converted(artifact, model)
        return converted


def name_by_signature(content: bytes, model: Any) -> None:
    """Give the model's inputs and outputs the signature's names; an input that nothing uses is left out.

    OpenVINO has them by the names of the file's tensors, in an order of its own. Raises ValueError where a tensor of
    the signature is none of the model's inputs or outputs.
    """
    taken, given = _tensors(content)
    for ports, named in ((model.inputs, dict(taken)), (model.outputs, dict(given))):
        by_tensor = {tensor: port for port in ports for tensor in port.get_names()}
        lost = {name: tensor for name, tensor in named.items() if tensor not in by_tensor}
        if lost:
            raise ValueError(f"convert_model: {lost} (name and tensor) are not among {sorted(by_tensor)} of its model")
        for name, tensor in named.items():
            by_tensor[tensor].tensor.add_names({name})
    for port in model.inputs:
        # Where an input is an output too, a file keeps the node's name only.
        port.get_node().set_friendly_name(next(name for name, tensor in taken if tensor in port.get_names()))
        if not port.get_target_inputs():
            model.remove_parameter(port.get_node())


def _tensors(content: bytes) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Return (name in the signature, name of the tensor) of the inputs, and of the outputs."""
    import tflite

    model = tflite.Model.GetRootAsModel(content, 0)
    subgraph, signature = model.Subgraphs(0), model.SignatureDefs(0)

    def pairs(end: Any, count: int) -> Iterator[tuple[str, str]]:
        for i in range(count):
            yield end(i).Name().decode(), subgraph.Tensors(end(i).TensorIndex()).Name().decode()

    return (
        tuple(pairs(signature.Inputs, signature.InputsLength())),
        tuple(pairs(signature.Outputs, signature.OutputsLength())),
    )


COMPONENT = OpenVinoFromTflite()
