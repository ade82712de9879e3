"""TensorFlow's SavedModel, as the bytes of its files: a graph with a signature, and its variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

TENSORFLOW = Path(__file__).with_name("tensorflow.py")
FOLDER = "model"
GRAPH = "saved_model.pb"
SIGNATURE = "serving_default"


class SavedModel:
    name = "saved_model"
    title = "SavedModel"

    def save(self, model: Mapping[str, bytes], folder: Path) -> None:
        """Write the files; the keys of `model` are paths."""
        for name, content in model.items():
            file = folder / FOLDER / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def load(self, folder: Path) -> Mapping[str, bytes]:
        inside = folder / FOLDER
        return {str(file.relative_to(inside)): file.read_bytes() for file in inside.rglob("*") if file.is_file()}

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return the operators that the signature runs, counted as TensorFlow's are; saving and restoring are others'.

        Needs TensorFlow, and so is called where it wrote the model.
        """
        from tensorflow.core.protobuf.saved_model_pb2 import SavedModel as Message

        graph = Message.FromString(artifact.model[GRAPH]).meta_graphs[0]
        library = {function.signature.name: function.node_def for function in graph.graph_def.library.function}
        results = {info.name.partition(":")[0] for info in graph.signature_def[SIGNATURE].outputs.values()}
        counts: Mapping[str, int] = load_file(TENSORFLOW).operators(
            [node for node in graph.graph_def.node if node.name in results], library
        )
        return dict(counts)

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(TENSORFLOW).REPRESENTATION.family(operator)
        return family


REPRESENTATION = SavedModel()
