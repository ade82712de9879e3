"""ONNX to Relay, by TVM's ONNX front end."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class RelayFromOnnx:
    name = "relay_from_onnx"
    environment = "tvm_relay"
    source = "onnx"
    target = "relay"

    def convert(self, artifact: Artifact) -> Artifact:
        support = load_file(SUPPORT / "relay_module.py")
        shapes = {spec.name: spec.shape for spec in support.closed_inputs(artifact)}
        relay = load_file(SUPPORT / "tvm_quiet.py").relay()
        load_file(SUPPORT / "onnx_mapping.py").provide()
        load_file(SUPPORT / "relay_custom_operators.py").install_in_onnx_front_end()
        with load_file(SUPPORT / "relay_numpy_folding.py").folding(), support.declared():
            module, params = relay.frontend.from_onnx(artifact.model, shapes)
        results = [result.name for result in artifact.model.graph.output]
        converted: Artifact = support.imported(
            artifact,
            module,
            params,
            variables={name: name for name in shapes},
            places={name: place for place, name in enumerate(results)},
        )
        return converted


COMPONENT = RelayFromOnnx()
