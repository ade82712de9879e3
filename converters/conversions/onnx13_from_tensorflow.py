"""ONNX of opset 13 by tf2onnx: what readers are given that stopped at an older opset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
NEWER = Path(__file__).with_name("onnx_from_tensorflow.py")
OPSET = 13


class Onnx13FromTensorFlow:
    name = "onnx13_from_tensorflow"
    environment = "tensorflow"
    source = "tensorflow"
    target = "onnx13"
    on_demand = True
    operators_from = "nodes of the exported model"

    def convert(self, artifact: Artifact) -> Artifact:
        import onnx
        import tf2onnx

        support = load_file(SUPPORT / "tensorflow_function.py")
        newer = load_file(NEWER)
        exporter = f"tf2onnx {tf2onnx.__version__}"
        with newer.swallowed_exceptions() as exceptions:
            model, _ = tf2onnx.convert.from_function(
                support.as_function(artifact),
                input_signature=support.signature(artifact),
                opset=OPSET,
                custom_op_handlers=newer.custom_handlers(),
            )
        unmapped = sorted(_unmapped(model, newer.nodes_of(model.graph)))
        if unmapped:
            raise Unsupported(f"{exporter}: Tensorflow op is not supported at opset {OPSET}: {', '.join(unmapped)}")
        if exceptions:
            if any(words in str(exceptions[0]) for words in newer.DECLARED):
                raise Unsupported(f"{exporter}: {exceptions[0]}") from exceptions[0]
            raise exceptions[0]
        newer.import_custom_domain(model)
        onnx.checker.check_model(model, full_check=True)
        _require_names(model, artifact)
        check = load_file(SUPPORT / "exported_onnx.py").checked
        return artifact.converted(self.target, check(model, artifact, exporter=exporter, opset=OPSET))


def _unmapped(model: Any, nodes: Any) -> set[str]:
    """Return the TensorFlow operators that are still in the model and that tf2onnx has no mapping for."""
    import onnx
    from tf2onnx.handler import tf_op

    versions = {opset.domain: opset.version for opset in model.opset_import}
    unknown = {
        node.op_type for node in nodes if not onnx.defs.has(node.op_type, versions.get(node.domain, 1), node.domain)
    }
    ours = {operator.symbol for operator in load_file(SUPPORT / "custom_operator.py").operators()}
    return unknown - ours - set(tf_op.create_mapping(OPSET, []))


def _require_names(model: Any, artifact: Artifact) -> None:
    """Raise ValueError if the model has inputs that the artifact has not, or outputs under other names."""
    inputs = {entry.name for entry in model.graph.input} - {spec.name for spec in artifact.inputs}
    outputs = {entry.name for entry in model.graph.output} ^ set(artifact.outputs)
    if inputs or outputs:
        raise ValueError(f"tf2onnx invented the inputs {sorted(inputs)} and confused the outputs {sorted(outputs)}")


COMPONENT = Onnx13FromTensorFlow()
