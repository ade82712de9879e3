"""TorchScript graphs cut at tensors, and computed by libtorch in float64."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnparity.contracts import Arrays, Artifact, CutOperator, Session, TensorSpec, Unsupported
from nnparity.loading import load_file

CONVERTERS = Path(__file__).parents[1]
REPRESENTATION = CONVERTERS / "representations" / "torchscript.py"
CALLS = CONVERTERS / "support" / "torch_calls.py"
TENSOR = "TensorType"
# What gives another view of the same memory, so that a write to the one is a write to the other.
VIEWS = frozenset((
    "aten::select", "aten::slice", "aten::view", "aten::reshape", "aten::transpose", "aten::permute", "aten::t",
    "aten::unsqueeze", "aten::squeeze", "aten::expand", "aten::narrow", "aten::chunk", "aten::split", "aten::unbind",
    "aten::flatten", "aten::detach", "aten::alias", "aten::view_as", "aten::expand_as",
))  # fmt: skip
FRAME = re.compile(r"^(?P<file>\S+)\((?P<line>\d+)\): (?P<function>\S+)", re.MULTILINE)
SIZE = "prim::NumToTensor"  # a number of the trace, as a tensor for the arithmetic on it
TRACING = "torch/jit/_trace.py"
LIBRARY = "site-packages"
FLOATS = ("half", "bfloat16", "float")


class TorchScriptCut:
    representation = "torchscript"
    environment = "torch"
    is_exact = True
    trusted_by = "libtorch in float64"

    def operators(self, artifact: Artifact) -> Sequence[CutOperator]:
        """Return the nodes that compute tensors, submodules put in place; what packs, fetches or counts is none."""
        return _Read(artifact).operators

    def cut(self, artifact: Artifact, takes: Sequence[TensorSpec], gives: Sequence[str], example: Arrays) -> Artifact:
        read = _Read(artifact)
        missing = [name for name in gives if name not in read.values]
        if missing:
            raise Unsupported(f"the graph has no tensor {', '.join(missing)}")
        read.keep([spec.name for spec in takes], gives)
        specs = tuple(
            TensorSpec(f"in{place}" if spec not in artifact.inputs else spec.name, spec.dtype, spec.shape)
            for place, spec in enumerate(takes)
        )
        module = _module(read, [spec.name for spec in specs])
        outputs = tuple(name if name in artifact.outputs else f"out{place}" for place, name in enumerate(gives))
        return Artifact(self.representation, module, specs, outputs, artifact.sizes)

    def trusted(self, artifact: Artifact, *, exact: bool, moved: int = 0) -> Session:
        import torch

        read = _Read(artifact)
        weights = [weight for _, weight in read.weights]
        if exact:
            _widen(read.graph)
            weights = [weight.double() if weight.is_floating_point() else weight for weight in weights]
        function = torch._C._create_function_from_graph("trusted", read.graph)

        def call(*tensors: Any) -> Any:
            with torch.jit.optimized_execution(False):
                return function(*tensors, *weights)

        session: Session = load_file(CALLS).ModuleSession(call, artifact)
        return session


@dataclass
class _Read:
    """A copy of the forward graph that needs no module: weights are inputs after the model's own.

    values: by the name that a cut goes by, those of the model's inputs and outputs included.
    """

    artifact: Artifact
    graph: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    weights: list[tuple[str, Any]] = field(default_factory=list)
    operators: list[CutOperator] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = self.artifact.model.inlined_graph.copy()
        self._take_weights()
        given = list(self.graph.inputs())[: len(self.artifact.inputs)]
        names = {value.debugName(): spec.name for value, spec in zip(given, self.artifact.inputs, strict=True)}
        self.outputs = _unpacked(list(self.graph.outputs()))
        for value, name in zip(self.outputs, self.artifact.outputs, strict=True):
            names.setdefault(value.debugName(), name)
        self.values = {names[value.debugName()]: value for value in given}
        self._names = names
        self._list()

    def _take_weights(self) -> None:
        """Put inputs in the place of tensors that are fetched from the module, and constants in that of numbers."""
        import torch

        own = next(iter(self.graph.inputs()))
        objects: dict[str, Any] = {own.debugName(): self.artifact.model}
        fetching = [node for node in _nodes(self.graph) if node.kind() == "prim::GetAttr"]
        found: dict[str, Any] = {}
        for node in fetching:
            value, owner = node.output(), node.input()
            thing = getattr(objects[owner.debugName()], node.s("name"))
            objects[value.debugName()] = thing
            if isinstance(thing, torch.Tensor):
                path = f"weight{len(self.weights)}"
                if id(thing) not in found:
                    found[id(thing)] = self.graph.addInput(path)
                    found[id(thing)].setType(torch._C.TensorType.get())
                    self.weights.append((path, thing))
                value.replaceAllUsesWith(found[id(thing)])
            elif not isinstance(thing, torch.nn.Module):
                with self.graph.insert_point_guard(node):
                    value.replaceAllUsesWith(self.graph.insertConstant(thing))
        for node in reversed(fetching):
            node.destroy()
        if own.uses():
            raise Unsupported("the module is called in the graph, which is not inlined")
        self.graph.eraseInput(0)

    def name(self, value: Any) -> str:
        return self._names.get(value.debugName(), value.debugName())

    def _list(self) -> None:
        skipped = load_file(REPRESENTATION).VALUES | {SIZE}
        weights = {name for name, _ in self.weights}
        sources: dict[str, tuple[str, ...]] = {}
        same_memory: dict[str, str] = {}
        written: dict[str, str] = {}
        self.writers: dict[str, list[Any]] = {}
        sizes: set[str] = set()  # numbers that follow from shapes: no runtime computes them as the model's values
        for node in self.graph.nodes():
            taken = [value for value in _taken(node) if value.debugName() not in weights]
            takes = []
            for value in taken:
                takes += sources.get(value.debugName(), (self.name(value),))
                root = same_memory.get(value.debugName(), value.debugName())
                takes += [written[root]] if root in written else []
            takes = list(dict.fromkeys(takes))
            results = list(node.outputs())
            if _of_sizes(node, taken, sizes):
                sizes |= {value.debugName() for value in results}
            if node.kind() in skipped or _are_sizes(results, sizes) or not any(_of_tensors(value) for value in results):
                for value in results:
                    if not (node.kind() == "prim::ListUnpack" and value.debugName() in sources):
                        sources[value.debugName()] = tuple(takes)
                continue
            gives = [given for value in results for given in _given(value)]
            for value in gives:
                self.values[self.name(value)] = value
                sources[value.debugName()] = (self.name(value),)
                if node.kind() in VIEWS:
                    first = taken[0].debugName()
                    same_memory[value.debugName()] = same_memory.get(first, first)
            if _writes(node):
                first = taken[0].debugName()
                root = same_memory.get(first, first)
                written[root] = self.name(gives[0])
                self.writers.setdefault(root, []).append(node)
                same_memory[gives[0].debugName()] = root
            self.operators.append(
                CutOperator(
                    kind=node.kind(),
                    name="",
                    takes=tuple(takes),
                    gives=tuple(self.name(value) for value in gives),
                    apart=tuple(self.name(value) for value in gives if value.type().kind() != TENSOR),
                    source=_source(node),
                )
            )
        self._same_memory = same_memory

    def keep(self, takes: Sequence[str], gives: Sequence[str]) -> None:
        """Leave only what computes `gives` from `takes`, which become inputs, the weights after them."""
        import torch

        outputs = [self.values[name] for name in gives]
        given = {name: self.graph.addInput() for name in takes}
        replaced = {}
        for name, value in given.items():
            value.setType(torch._C.TensorType.get())
            replaced[self.values[name].debugName()] = value
            self.values[name].replaceAllUsesWith(value)
        outputs = [replaced.get(value.debugName(), value) for value in outputs]
        while list(self.graph.outputs()):
            self.graph.eraseOutput(0)
        needed = self._needed(outputs)
        for node in reversed(list(self.graph.nodes())):
            if _key(node) not in needed:
                node.destroy()
        for value in outputs:
            self.graph.registerOutput(value)
        if len(outputs) > 1:
            self.graph.makeMultiOutputIntoTuple()
        inputs = [value.debugName() for value in self.graph.inputs()]
        fresh = [value.debugName() for value in given.values()]
        used = {name for name, _ in self.weights} & _used(self.graph)
        self.weights = [(name, weight) for name, weight in self.weights if name in used]
        wanted = [*fresh, *(name for name, _ in self.weights)]
        left = [name for name in inputs if name not in wanted]
        for place in reversed([inputs.index(name) for name in left]):
            if next(value for index, value in enumerate(self.graph.inputs()) if index == place).uses():
                raise Unsupported(f"the part also needs {inputs[place]}")
        for place in sorted((inputs.index(name) for name in left), reverse=True):
            self.graph.eraseInput(place)
        inputs = [value.debugName() for value in self.graph.inputs()]
        self.graph.permuteInputs([inputs.index(name) for name in wanted])

    def _needed(self, outputs: Iterable[Any]) -> set[str]:
        """Return the keys of the nodes that the values follow from, through what is written to their memory too."""
        order = {_key(node): place for place, node in enumerate(self.graph.nodes())}
        makers = {value.debugName(): node for node in self.graph.nodes() for value in node.outputs()}
        needed: set[str] = set()
        waiting = [(value, len(order)) for value in outputs]
        while waiting:
            value, before = waiting.pop()
            name = value.debugName()
            root = self._same_memory.get(name, name)
            nodes = [node for node in self.writers.get(root, ()) if order.get(_key(node), before) < before]
            nodes += [makers[name]] if name in makers else []
            for node in nodes:
                if _key(node) not in needed:
                    needed.add(_key(node))
                    waiting += [(one, order[_key(node)]) for one in _taken(node)]
        return needed


def _module(read: _Read, names: Sequence[str]) -> Any:
    """Return a ScriptModule with the graph as its forward, and its weights as buffers."""
    import torch

    class Part(torch.nn.Module):
        pass

    holder = Part().eval()
    for name, weight in read.weights:
        holder.register_buffer(name, weight.detach().clone())
    given = [f"self.{name}" for name, _ in read.weights]
    with load_file(CALLS).without_warnings(DeprecationWarning, r"`torch\.jit\."):
        part = torch._C._create_function_from_graph("part", read.graph)
        module = torch.jit.script(holder)
        arguments = [f"in{place}" for place, _ in enumerate(names)]
        code = f"def forward(self, {', '.join(arguments)}):\n    return part({', '.join([*arguments, *given])})\n"
        module._c._define(module._concrete_type, code, {"part": part}.__getitem__)
        # The module holds no reference to the function, which goes with this call.
        torch._C._jit_pass_inline(module._c._get_method("forward").graph)
        return torch.jit._recursive.wrap_cpp_module(module._c)


def _widen(graph: Any) -> None:
    """Let the graph compute in float64: its constants, and what it says of dtypes."""
    import torch

    narrow = {_number(getattr(torch, name)) for name in FLOATS}
    for node in list(_all_nodes(graph)):
        if node.kind() == "prim::Constant" and node.hasAttribute("value") and node.kindOf("value") == "t":
            if node.t("value").is_floating_point():
                node.t_("value", node.t("value").double())
            continue
        if not node.schema() or "(no schema)" in node.schema():
            continue
        arguments = torch._C.parse_schema(node.schema()).arguments
        for place, (argument, value) in enumerate(zip(arguments, node.inputs(), strict=False)):
            if argument.name == "dtype" and value.toIValue() in narrow:
                with graph.insert_point_guard(node):
                    node.replaceInput(place, graph.insertConstant(_number(torch.double)))


def _number(dtype: Any) -> int:
    """Return the number by which TorchScript goes for a dtype."""
    import torch

    order = (
        torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.half, torch.float, torch.double,
    )  # fmt: skip
    return 15 if dtype == torch.bfloat16 else order.index(dtype)


def _nodes(graph: Any) -> list[Any]:
    return list(_all_nodes(graph))


def _all_nodes(graph: Any) -> Iterator[Any]:
    for node in graph.nodes():
        yield node
        for block in node.blocks():
            yield from _all_nodes(block)


def _taken(node: Any) -> list[Any]:
    """Return what the node takes, and what its blocks take from around it."""
    inner = {value.debugName() for block in node.blocks() for value in block.inputs()}
    taken = list(node.inputs())
    for block in node.blocks():
        nodes = list(block.nodes())
        inner |= {value.debugName() for one in nodes for value in one.outputs()}
        taken += [value for one in nodes for value in _taken(one)] + list(block.outputs())
    return [value for value in taken if value.debugName() not in inner]


def _of_tensors(value: Any) -> bool:
    kind = value.type()
    return kind.kind() == TENSOR or (kind.kind() in {"ListType", "TupleType"} and TENSOR in _inside(kind))


def _inside(kind: Any) -> set[str]:
    inner = kind.elements() if kind.kind() == "TupleType" else [kind.getElementType()]
    return {one.kind() for one in inner}


def _given(value: Any) -> list[Any]:
    """Return the tensors that a list or tuple is taken apart into, where that is all that is done with it."""
    uses = [use.user for use in value.uses()]
    if value.type().kind() != TENSOR and len(uses) == 1 and uses[0].kind() in {"prim::ListUnpack", "prim::TupleUnpack"}:
        return list(uses[0].outputs())
    return [value]


def _unpacked(outputs: list[Any]) -> list[Any]:
    if len(outputs) == 1 and outputs[0].node().kind() in {"prim::TupleConstruct", "prim::ListConstruct"}:
        return list(outputs[0].node().inputs())
    return outputs


def _writes(node: Any) -> bool:
    """Return whether the node writes to its first argument: aten::relu_, not aten::__and__."""
    return node.kind().endswith("_") and not node.kind().endswith("__") and bool(list(node.inputs()))


def _of_sizes(node: Any, taken: Sequence[Any], sizes: set[str]) -> bool:
    """Return whether the node makes a tensor of a number, or computes with nothing but such tensors."""
    tensors = [value for value in taken if _of_tensors(value) and value.node().kind() != "prim::Constant"]
    return node.kind() == SIZE or (bool(tensors) and all(value.debugName() in sizes for value in tensors))


def _are_sizes(values: Sequence[Any], sizes: set[str]) -> bool:
    return bool(values) and all(value.debugName() in sizes for value in values)


def _used(graph: Any) -> set[str]:
    return {value.debugName() for value in graph.inputs() if value.uses()}


def _key(node: Any) -> str:
    """Return what tells a node from the others: its first output, or for what gives nothing its own text."""
    outputs = list(node.outputs())
    return outputs[0].debugName() if outputs else str(node)


def _source(node: Any) -> str:
    """Return the innermost line that is not PyTorch's own, and the module; "" if neither is kept."""
    said, text = [], node.sourceRange().partition(TRACING)[0]
    frames = list(FRAME.finditer(text))
    own = [frame for frame in frames if LIBRARY not in frame["file"]]
    if frames:
        frame = own[0] if own else frames[0]
        said.append(f"{'/'.join(Path(frame['file']).parts[-2:])}:{frame['line']} in {frame['function']}")
    module = node.getModuleHierarchy()
    return ", ".join([*said, *([f"module {module}"] if module else [])])


CUT = TorchScriptCut()
