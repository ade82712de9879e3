"""LiteRT's interpreter, with the XNNPACK delegate that it applies by default and without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnparity.contracts import Arrays, Artifact, Unsupported
from nnparity.loading import load_file

DELEGATE = "DELEGATE"
POOLINGS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
# The interpreter's own words for what it has no kernel for; their classes say nothing.
NO_KERNEL = (
    "Didn't find op for builtin opcode",
    "operations are currently supported for stablehlo.scatter",
    "is currently not supported by ",
    "lhs_data->type == kTfLiteFloat32 || lhs_data->type == kTfLiteInt8",
    "!= kTfLiteFloat32 (FLOAT16 != FLOAT32)",
    "Encountered unresolved custom op",
)


@dataclass(frozen=True)
class LiteRTSession:
    runner: Any

    def run(self, inputs: Arrays) -> Arrays:
        with _refusals():
            outputs: Arrays = self.runner(**inputs)
        return outputs


@dataclass(frozen=True)
class LiteRTRuntime:
    name: str
    resolver: str
    environment: str = "litert"
    accepts: tuple[str, ...] = ("tflite",)
    compiles_to: str = "tflite"

    def load(self, artifact: Artifact) -> LiteRTSession:
        with _refusals():
            return LiteRTSession(self._interpreter(artifact).get_signature_runner())

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the same file with the operators that the interpreter executes: each delegate counts as one.

        The interpreter shows its plan for the first subgraph only, so all others, the bodies of WHILE and IF, are
        counted as they are in the file.
        """
        representation = load_file(Path(__file__).parents[1] / "representations" / "tflite.py")
        shapes = {spec.name: spec.sized(artifact.sizes) for spec in artifact.inputs}
        with _refusals():
            interpreter = self._interpreter(artifact)
            for name, details in interpreter.get_signature_runner().get_input_details().items():
                interpreter.resize_tensor_input(details["index"], shapes[name])
            interpreter.allocate_tensors()
        nodes = interpreter._get_ops_details()
        shapes_by_place = {tensor["index"]: tensor["shape"] for tensor in interpreter.get_tensor_details()}
        refuse_pooling_of_nothing(nodes, shapes_by_place)
        in_file = Counter(representation.REPRESENTATION.count(artifact))
        first = Counter(node["op_name"] for node in nodes if node["op_name"] != DELEGATE)
        return artifact.with_operators(in_file - first + executed(nodes))

    def _interpreter(self, artifact: Artifact) -> Any:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        return Interpreter(
            model_content=artifact.model,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[self.resolver],
        )


def refuse_pooling_of_nothing(nodes: Sequence[Mapping[str, Any]], shapes: Mapping[int, Sequence[int]]) -> None:
    """Raise RuntimeError if a delegate pools no rows.

    ai-edge-litert 2.3.0 leaves height and width of the result at what its stack holds, so that it fails when it is
    loaded or when it runs, gives another shape or the right one, from one call to the next. This makes it one failure.
    """
    pooled = [node["op_name"] for node in nodes if node["op_name"] in POOLINGS and 0 in shapes[int(node["inputs"][0])]]
    if any(not executed(nodes)[name] for name in pooled):
        raise RuntimeError(f"the delegate leaves the size of {pooled[0]} of no rows at what is in memory")


def executed(nodes: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Return how many of each operator run, given every node of a subgraph, replaced or not, and its delegates.

    A delegate replaces what lies between its inputs and its outputs: the nodes found by going back from its outputs
    without passing its inputs.
    """
    delegates = [node for node in nodes if node["op_name"] == DELEGATE]
    originals = [node for node in nodes if node["op_name"] != DELEGATE]
    producer = {int(tensor): node for node in originals for tensor in node["outputs"]}
    replaced: set[int] = set()
    for delegate in delegates:
        seen = {int(tensor) for tensor in delegate["inputs"]}
        pending = [int(tensor) for tensor in delegate["outputs"]]
        while pending:
            tensor = pending.pop()
            if tensor in seen or tensor not in producer:
                continue
            seen.add(tensor)
            replaced.add(producer[tensor]["index"])
            pending.extend(int(source) for source in producer[tensor]["inputs"])
    return Counter(node["op_name"] for node in nodes if node["index"] not in replaced)


@contextmanager
def _refusals() -> Iterator[None]:
    """Re-raise as Unsupported the interpreter's declaration that it has no kernel for an operator and its dtypes."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if not any(words in str(error) for words in NO_KERNEL):
            raise
        raise Unsupported(f"LiteRT: {str(error).splitlines()[0]}") from error


COMPONENTS = (
    LiteRTRuntime("litert_xnnpack", resolver="BUILTIN"),
    LiteRTRuntime("litert_builtin", resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES"),
)
