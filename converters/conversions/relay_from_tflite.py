"""TFLite to Relay, by TVM's TFLite front end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class RelayFromTflite:
    name = "relay_from_tflite"
    environment = "tvm_relay"
    source = "tflite"
    target = "relay"

    def convert(self, artifact: Artifact) -> Artifact:
        import tflite

        support = load_file(SUPPORT / "relay_module.py")
        support.closed_inputs(artifact)
        relay = load_file(SUPPORT / "tvm_quiet.py").relay()
        model = tflite.Model.GetRootAsModel(artifact.model, 0)
        if model.SubgraphsLength() > 1:
            # TVM asserts this, and an assertion cannot be told from any other one by its class.
            raise Unsupported("from_tflite: only support one subgraph (main subgraph)")
        with load_file(SUPPORT / "relay_numpy_folding.py").folding(), support.declared():
            module, params = relay.frontend.from_tflite(model)
        taken, given = _signature(model)
        converted: Artifact = support.imported(artifact, module, params, variables=taken, places=given)
        return converted


def _signature(model: Any) -> tuple[dict[str, str], dict[str, int]]:
    """Return the tensor name of every input, and every output's place in the subgraph, by the signature's names."""
    from tvm.relay.frontend.tflite import get_tensor_name

    if not model.SignatureDefsLength():
        raise ValueError("TFLite file without a signature: its inputs and outputs have no names; convert it with one")
    subgraph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    ends = [signature.Inputs(i) for i in range(signature.InputsLength())]
    taken = {end.Name().decode(): get_tensor_name(subgraph, end.TensorIndex()) for end in ends}
    results = list(subgraph.OutputsAsNumpy())
    ends = [signature.Outputs(i) for i in range(signature.OutputsLength())]
    return taken, {end.Name().decode(): results.index(end.TensorIndex()) for end in ends}


COMPONENT = RelayFromTflite()
