"""An optimiser of one's own: takes the Identity nodes out of an ONNX graph."""

from __future__ import annotations

from nnparity.contracts import Artifact


class OnnxWithoutIdentity:
    name = "onnx_without_identity"
    environment = "onnx"
    source = "onnx"
    target = "onnx"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the graph whose nodes read what an Identity read; one that names an output of the graph stays."""
        import onnx

        model = onnx.ModelProto()
        model.CopyFrom(artifact.model)
        outputs = {value.name for value in model.graph.output}
        kept, read_instead = [], {}
        for node in model.graph.node:
            for place, name in enumerate(node.input):
                node.input[place] = read_instead.get(name, name)
            if node.op_type == "Identity" and node.output[0] not in outputs:
                read_instead[node.output[0]] = node.input[0]
            else:
                kept.append(node)
        del model.graph.node[:]
        model.graph.node.extend(kept)
        return artifact.converted(self.target, model)


COMPONENT = OnnxWithoutIdentity()
