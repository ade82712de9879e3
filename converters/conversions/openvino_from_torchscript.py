"""TorchScript to OpenVINO's representation, by its PyTorch front end."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class OpenVinoFromTorchscript:
    name = "openvino_from_torchscript"
    environment = "openvino_torch"
    source = "torchscript"
    target = "openvino_ir"
    on_demand = True
    operators_from = "operators of the model that convert_model returns"

    def convert(self, artifact: Artifact) -> Artifact:
        support = load_file(SUPPORT / "openvino_model.py")
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        with support.declared():
            model = openvino.convert_model(
                artifact.model,
                example_input=load_file(SUPPORT / "torch_calls.py").example_tensors(artifact),
                input=support.shapes_and_types(artifact),
            )
        support.name_by_place(artifact, model)
        converted: Artifact = support.converted(artifact, model)
        return converted


COMPONENT = OpenVinoFromTorchscript()
