"""TFLite to OpenVINO's representation, by its reader of TFLite files."""

from __future__ import annotations

import tempfile
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
    taken, given = (
        {name: end.tensor for name, end in one.items()}
        for one in load_file(SUPPORT / "tflite_signature.py").ends(content)
    )
    for ports, named in ((model.inputs, taken), (model.outputs, given)):
        by_tensor = {tensor: port for port in ports for tensor in port.get_names()}
        lost = {name: tensor for name, tensor in named.items() if tensor not in by_tensor}
        if lost:
            raise ValueError(f"convert_model: {lost} (name and tensor) are not among {sorted(by_tensor)} of its model")
        for name, tensor in named.items():
            by_tensor[tensor].tensor.add_names({name})
    for port in model.inputs:
        # Where an input is an output too, a file keeps the node's name only.
        port.get_node().set_friendly_name(next(name for name, tensor in taken.items() if tensor in port.get_names()))
        if not port.get_target_inputs():
            model.remove_parameter(port.get_node())


COMPONENT = OpenVinoFromTflite()
