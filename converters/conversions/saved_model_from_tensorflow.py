"""A SavedModel of the graph that tf.function traces, which is its signature."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
REPRESENTATION = Path(__file__).parents[1] / "representations" / "saved_model.py"


class SavedModelFromTensorFlow:
    name = "saved_model_from_tensorflow"
    environment = "tensorflow"
    source = "tensorflow"
    target = "saved_model"
    on_demand = True
    operators_from = "nodes of the function that the signature calls"

    def convert(self, artifact: Artifact) -> Artifact:
        import tensorflow as tf

        function = load_file(SUPPORT / "tensorflow_function.py").traced(artifact)
        # Only what is reachable from the object that is saved is written; the function captures its variables.
        owner = tf.Module()
        owner.captured = list(function.graph.variables)
        with tempfile.TemporaryDirectory() as scratch:
            representation = load_file(REPRESENTATION)
            folder = Path(scratch, representation.FOLDER)
            tf.saved_model.save(owner, str(folder), signatures={representation.SIGNATURE: function})
            return artifact.converted("saved_model", representation.REPRESENTATION.load(Path(scratch)))


COMPONENT = SavedModelFromTensorFlow()
