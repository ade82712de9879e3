"""A planted graph traced by TorchScript, one node for an operator; and the same with one node that is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact
from nnparity.loading import load_file

PLANTING = Path(__file__).parents[1] / "support" / "planting.py"
# A line of a file of this name for each operator, in order: the trace keeps it, and so does every part of the graph.
FILE = "planted_graph.py"
LINE = re.compile(rf"{re.escape(FILE)}\((\d+)\)")
CODE = {
    "relu": "torch.relu({0})",
    "tanh": "torch.tanh({0})",
    "sigmoid": "torch.sigmoid({0})",
    "abs": "torch.abs({0})",
    "neg": "torch.neg({0})",
    "same": "{0}",
    "softmax_rows": "torch.softmax({0}, 3)",
    "softmax_channels": "torch.softmax({0}, 1)",
    "transpose": "torch.transpose({0}, 2, 3)",
    "max_pool": "torch.max_pool2d({0}, 3, 1, 1)",
    "average_pool": "torch._C._nn.avg_pool2d({0}, 3, 1, 1, False, False)",
    "add": "torch.add({0}, {1})",
    "sub": "torch.sub({0}, {1})",
    "mul": "torch.mul({0}, {1})",
    "maximum": "torch.maximum({0}, {1})",
    "minimum": "torch.minimum({0}, {1})",
    "conv": "torch.conv2d({0}, {1}, None, 1, 1)",
    "conv_dilated": "torch.conv2d({0}, {1}, None, 1, 2, 2)",
    "matmul": "torch.matmul({0}, {1})",
    "matmul_transposed": "torch.matmul({0}, torch.transpose({1}, 0, 1))",
}


class TorchScriptFromAbstract:
    name = "torchscript_from_abstract"
    environment = "torch"
    source = "abstract"
    target = "torchscript"

    def convert(self, artifact: Artifact) -> Artifact:
        import torch

        spec, planting = artifact.model, load_file(PLANTING)
        module = torch.nn.Module()
        lines = ["def forward(self, x):"]
        for place, (kind, takes) in enumerate(spec["operators"]):
            inputs = ["x" if one < 0 else f"t{one}" for one in takes]
            if kind in ("conv", "matmul"):
                module.register_buffer(f"w{place}", torch.tensor(getattr(planting, kind)(spec["seed"], place)))
                inputs.append(f"self.w{place}")
            lines.append(f"    t{place} = {CODE[kind].format(*inputs)}")
        lines.append(f"    return t{len(spec['operators']) - 1}")
        found: dict[str, Any] = {"torch": torch}
        exec(compile("\n".join(lines), FILE, "exec"), found)  # noqa: S102 the code is from the table above
        graph = type("Planted", (torch.nn.Module,), {"forward": found["forward"]})()
        for name, weight in module.named_buffers():
            graph.register_buffer(name, weight)
        return artifact.converted(self.target, torch.jit.trace(graph, torch.zeros(planting.SHAPE), check_trace=False))


@dataclass(frozen=True)
class Planting:
    name: str
    fault: str
    place: int
    environment: str = "torch"
    source: str = "torchscript"
    target: str = "torchscript"
    on_demand: bool = True

    def convert(self, artifact: Artifact) -> Artifact:
        import torch

        module = artifact.model
        graph = module._c._get_method("forward").graph
        torch._C._jit_pass_inline(graph)
        for node in list(graph.nodes()):
            line = LINE.match(node.sourceRange())
            kind = node.kind()
            if line and int(line[1]) == self.place + 2 and kind.startswith("aten::"):
                _plant(graph, node, self.fault, self.place)
        return artifact.converted(self.target, module)


def _plant(graph: Any, node: Any, fault: str, place: int) -> None:
    """Put what is wrong right after the node, or in its place."""
    import torch

    planting, output = load_file(PLANTING), node.output()
    kind, kinds = node.kind().removeprefix("aten::").strip("_"), {"convolution": "conv", "conv2d": "conv"}
    kind = {**kinds, "max_pool2d": "max_pool", "avg_pool2d": "average_pool"}.get(kind, kind)
    values = [value for value in node.inputs() if value.type().kind() == "TensorType"]
    if kind == "softmax":
        kind = "softmax_rows" if node.inputsAt(1).toIValue() == 3 else "softmax_channels"

    def wrong(*tensors: Any) -> Any:
        if fault == "swapped":
            found = {"torch": torch, "a": tensors[0], "b": tensors[-1]}
            return eval(CODE[planting.SWAPPED[kind]].format("a", "b"), found)  # noqa: S307 as above
        if fault == "scaled":
            return tensors[0] * planting.SCALE
        return tensors[0] + torch.tensor(planting.one_element(planting.SHAPE, place))

    taken = values if fault == "swapped" else [output]
    shapes = [torch.zeros(planting.SHAPE) for _ in taken]
    if fault == "swapped" and kind in ("conv", "matmul"):
        shapes[1] = torch.tensor(getattr(planting, kind)(0, place))
    traced = torch.jit.trace(wrong, tuple(shapes), check_trace=False).graph
    nodes = [*graph.nodes(), graph.return_node()]
    later = nodes[nodes.index(node) + 1 :]
    with graph.insert_point_guard(later[0]):
        made = graph.insertGraph(traced, taken)[0]
    for one in later:
        one.replaceInputWith(output, made)


COMPONENTS = (TorchScriptFromAbstract(), *load_file(PLANTING).each("torchscript", Planting))
