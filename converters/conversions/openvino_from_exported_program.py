"""torch.export's ExportedProgram to OpenVINO's representation, by its PyTorch front end."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class OpenVinoFromExportedProgram:
    name = "openvino_from_exported_program"
    environment = "openvino_torch"
    source = "exported_program"
    target = "openvino_ir"
    on_demand = True
    operators_from = "operators of the model that convert_model returns"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return what the front end makes of the program, told every input's shape.

        Left to itself it makes open shapes of inputs whose sizes are in the program: openvino 2026.4.1 then answers
        another shape with the result of this one, or dies.
        """
        support = load_file(SUPPORT / "openvino_model.py")
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        with support.declared():
            model = openvino.convert_model(artifact.model, input=support.shapes_and_types(artifact))
        support.name_by_place(artifact, model)
        converted: Artifact = support.converted(artifact, model)
        return converted


COMPONENT = OpenVinoFromExportedProgram()
