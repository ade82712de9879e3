"""tf2onnx, at the newest opset it has, and at an older one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"

# tf2onnx's own words for what it does not convert to half precision; their classes say nothing.
DECLARED = ("onehot op: only rank1 is supported", "don't know how to cast type")


class OnnxFromTensorFlow:
    environment = "tensorflow"
    source = "tensorflow"

    def __init__(self, name: str, *, target: str, opset: int, on_demand: bool) -> None:
        self.name = name
        self.target = target
        self.on_demand = on_demand
        self._opset = opset

    def convert(self, artifact: Artifact) -> Artifact:
        import onnx
        import tf2onnx

        support = load_file(SUPPORT / "tensorflow_function.py")
        with swallowed_exceptions() as exceptions:
            model, _ = tf2onnx.convert.from_function(
                support.as_function(artifact),
                input_signature=support.signature(artifact),
                opset=self._opset,
                custom_op_handlers=custom_handlers(),
            )
        exporter = f"tf2onnx {tf2onnx.__version__}"
        unmapped = sorted(unmapped_operators(model, self._opset))
        if unmapped:
            raise Unsupported(
                f"{exporter}: Tensorflow op is not supported at opset {self._opset}: {', '.join(unmapped)}"
            )
        if exceptions:
            if any(words in str(exceptions[0]) for words in DECLARED):
                raise Unsupported(f"{exporter}: {exceptions[0]}") from exceptions[0]
            raise exceptions[0]
        import_custom_domain(model)
        onnx.checker.check_model(model, full_check=True)
        require_convention(model, artifact, self._opset)
        return artifact.converted(self.target, model)


def custom_handlers() -> dict[str, Any]:
    """Return for every custom operator how tf2onnx writes it: as a node of its own, in the custom domain."""
    custom = load_file(SUPPORT / "custom_operator.py")

    def moved(context: Any, node: Any, name: str, arguments: list[Any]) -> None:
        node.domain = custom.NAMESPACE

    # tf2onnx renames the node itself, to the first of the arguments.
    return {custom.tensorflow_name(one): (moved, [one.symbol]) for one in custom.operators()}


def import_custom_domain(model: Any) -> None:
    """Say which version of the custom domain the model's nodes are of; tf2onnx says it for its own domains only."""
    import onnx

    custom = load_file(SUPPORT / "custom_operator.py")
    if any(node.domain == custom.NAMESPACE for node in nodes_of(model.graph)):
        model.opset_import.append(onnx.helper.make_opsetid(custom.NAMESPACE, custom.DOMAIN_VERSION))


class ExceptionKeeper(logging.Handler):
    def __init__(self, exceptions: list[BaseException]) -> None:
        super().__init__(logging.ERROR)
        self.exceptions = exceptions

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.exceptions.append(record.exc_info[1])


@contextmanager
def swallowed_exceptions() -> Iterator[list[BaseException]]:
    """Give the list that will hold the exceptions that tf2onnx only logs, leaving a TensorFlow node in the model."""
    exceptions: list[BaseException] = []
    keeper = ExceptionKeeper(exceptions)
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.addHandler(keeper)
    logger.setLevel(logging.ERROR)
    try:
        yield exceptions
    finally:
        logger.setLevel(level)
        logger.removeHandler(keeper)


def nodes_of(graph: Any) -> Iterator[Any]:
    """Yield the nodes of an onnx.GraphProto and of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from nodes_of(inner)


def unmapped_operators(model: Any, opset: int) -> set[str]:
    """Return the TensorFlow operators that are still in the model and that tf2onnx has no mapping for."""
    import onnx
    from tf2onnx.handler import tf_op

    versions = {entry.domain: entry.version for entry in model.opset_import}
    unknown = {
        node.op_type
        for node in nodes_of(model.graph)
        if not onnx.defs.has(node.op_type, versions.get(node.domain, 1), node.domain)
    }
    ours = {operator.symbol for operator in load_file(SUPPORT / "custom_operator.py").operators()}
    return unknown - ours - set(tf_op.create_mapping(opset, []))


def require_convention(model: Any, artifact: Artifact, opset: int) -> None:
    """Raise ValueError unless the model has the opset asked for and the artifact's inputs and outputs."""
    written = next(entry.version for entry in model.opset_import if not entry.domain)
    if written != opset:
        raise ValueError(f"tf2onnx wrote opset {written}, expected {opset}")
    inputs = {spec.name for spec in artifact.inputs}
    invented = [entry.name for entry in model.graph.input if entry.name not in inputs]
    if invented:
        raise ValueError(
            f"tf2onnx wrote {len(invented)} inputs besides {sorted(inputs)}: it makes an input of a constant that the "
            "function captures as an eager tensor; keep constants as tf.Variable or NumPy arrays"
        )
    outputs = {entry.name for entry in model.graph.output}
    if outputs != set(artifact.outputs):
        raise ValueError(f"tf2onnx named the outputs {sorted(outputs)}, expected {sorted(artifact.outputs)}")


COMPONENTS = (
    OnnxFromTensorFlow("onnx_from_tensorflow", target="onnx", opset=18, on_demand=False),
    # What readers are given that stopped at an older one.
    OnnxFromTensorFlow("onnx13_from_tensorflow", target="onnx13", opset=13, on_demand=True),
)
