"""TorchScript to Relay, by TVM's PyTorch front end."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# The front end declares by a TypeError that it takes no weights in bfloat16, and by a RuntimeError that it takes no
# input that has size 0 along another axis than the first.
NO_BFLOAT16 = "Got unsupported ScalarType BFloat16"
NO_EMPTY_INPUT = "non-batch dimensions to have positive length"


class RelayFromTorchscript:
    name = "relay_from_torchscript"
    environment = "tvm_relay"
    source = "torchscript"
    target = "relay"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return what the front end makes of the graph as torch.jit.load gives it.

        A saved graph has no element types inside. The front end is told which one to assume there, as its argument
        `default_dtype` is for: that of the first floating-point input.
        """
        support = load_file(SUPPORT / "relay_module.py")
        infos = [(spec.name, (spec.shape, spec.dtype)) for spec in support.closed_inputs(artifact)]
        relay = load_file(SUPPORT / "tvm_quiet.py").relay()
        load_file(SUPPORT / "relay_prelude_copy.py").install()
        floating = [spec.dtype for spec in artifact.inputs if "float" in spec.dtype]
        with load_file(SUPPORT / "relay_numpy_folding.py").folding(), support.declared():
            try:
                module, params = relay.frontend.from_pytorch(
                    artifact.model,
                    infos,
                    custom_convert_map=load_file(SUPPORT / "relay_custom_operators.py").torchscript_converters(),
                    default_dtype=[*floating, "float32"][0],
                )
            except (RuntimeError, TypeError) as problem:
                if NO_EMPTY_INPUT not in str(problem) and NO_BFLOAT16 not in str(problem):
                    raise
                raise Unsupported(str(problem).strip()) from problem
        converted: Artifact = support.imported(
            artifact,
            module,
            params,
            variables={name: name for name, _ in infos},
            places={name: place for place, name in enumerate(artifact.outputs)},
        )
        return converted


COMPONENT = RelayFromTorchscript()
