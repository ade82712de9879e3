"""TFLite to MNN, by MNN's converter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class MnnFromTflite:
    name = "mnn_from_tflite"
    environment = "mnn"
    source = "tflite"
    target = "mnn"
    on_demand = True
    operators_from = "operators of the .mnn file, by the converter's JSON of it"

    def convert(self, artifact: Artifact) -> Artifact:
        mnn = load_file(SUPPORT / "mnn_converter.py")
        content = mnn.converted(
            artifact.model,
            framework="TFLITE",
            flags=("--useGeluApproximation", "0", "--alignDenormalizedValue", "0"),
        )
        taken, given = (dict(names) for names in _tensors(artifact.model))
        model = mnn.MnnModel(
            content,
            layout="NHWC",
            inputs={spec.name: taken[spec.name] for spec in artifact.inputs},
            outputs={name: given[name] for name in artifact.outputs},
        )
        return artifact.converted(self.target, model)


def _tensors(content: bytes) -> tuple[Iterator[tuple[str, str]], Iterator[tuple[str, str]]]:
    """Return (name in the signature, name of the tensor) for the inputs, and for the outputs."""
    import tflite

    model = tflite.Model.GetRootAsModel(content, 0)
    subgraph, signature = model.Subgraphs(0), model.SignatureDefs(0)

    def pairs(end: Any, count: int) -> Iterator[tuple[str, str]]:
        for i in range(count):
            yield end(i).Name().decode(), subgraph.Tensors(end(i).TensorIndex()).Name().decode()

    return pairs(signature.Inputs, signature.InputsLength()), pairs(signature.Outputs, signature.OutputsLength())


COMPONENT = MnnFromTflite()
