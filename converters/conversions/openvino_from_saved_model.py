"""SavedModel to OpenVINO's representation, by its TensorFlow front end, which needs no TensorFlow."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
REPRESENTATION = Path(__file__).parents[1] / "representations" / "saved_model.py"


class OpenVinoFromSavedModel:
    name = "openvino_from_saved_model"
    environment = "openvino"
    source = "saved_model"
    target = "openvino_ir"
    on_demand = True
    operators_from = "operators of the model that convert_model returns"

    def convert(self, artifact: Artifact) -> Artifact:
        support = load_file(SUPPORT / "openvino_model.py")
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        representation = load_file(REPRESENTATION)
        with tempfile.TemporaryDirectory() as folder, support.declared():
            representation.REPRESENTATION.save(artifact.model, Path(folder))
            model = openvino.convert_model(Path(folder, representation.FOLDER), share_weights=False)
        converted: Artifact = support.converted(artifact, model)
        return converted


COMPONENT = OpenVinoFromSavedModel()
