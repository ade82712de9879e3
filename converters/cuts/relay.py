"""Relay modules cut at tensors, and computed one operator at a time by TVM, without optimisation, in float64."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, CutOperator, Session, TensorSpec, Unsupported
from nnparity.dtypes import is_float
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
DEEP = 20_000  # Python's own limit is below the depth of a model's expression, which TVM walks by recursion
WIDE = "float64"
COMPILED_KEPT = 500


class RelayCut:
    representation = "relay"
    environment = "tvm_relay"
    is_exact = True
    trusted_by = "NumPy, and TVM at level 0 for what NumPy has no function for, operator by operator in float64"

    def operators(self, artifact: Artifact) -> Sequence[CutOperator]:
        """Return the calls and branches of @main in the order of a walk; tuples only pack tensors."""
        return _Read(artifact).operators

    def cut(self, artifact: Artifact, takes: Sequence[TensorSpec], gives: Sequence[str], example: Arrays) -> Artifact:
        import tvm
        from tvm import relay

        read = _Read(artifact)
        missing = [name for name in (*gives, *(spec.name for spec in takes)) if name not in read.nodes]
        if missing:
            raise Unsupported(f"the module has no tensor {', '.join(missing)}")
        specs, variables = [], []
        replaced: dict[Any, Any] = {}
        for place, spec in enumerate(takes):
            own = artifact.model.inputs.get(spec.name)
            variable = relay.var(own or f"in{place}", shape=spec.sized(artifact.sizes), dtype=spec.dtype)
            replaced[_key(read.nodes[spec.name])] = variable
            variables.append(variable)
            specs.append(spec if own else TensorSpec(f"in{place}", spec.dtype, spec.shape))
        rebuilt = _rebuilt([read.nodes[name] for name in gives], replaced)
        body = rebuilt[0] if len(rebuilt) == 1 else relay.Tuple(rebuilt)
        free = list(relay.analysis.free_vars(body))
        given = [one for one in variables if any(one.same_as(other) for other in free)]
        weights = [one for one in free if not any(one.same_as(other) for other in variables)]
        foreign = [one.name_hint for one in weights if one.name_hint not in artifact.model.params]
        if foreign:
            raise Unsupported(f"the part also needs {', '.join(foreign)}")
        functions = {name: one for name, one in read.module.functions.items() if name.name_hint != "main"}
        module = tvm.IRModule(functions, read.module.type_definitions)
        module["main"] = relay.Function([*given, *weights], body)
        model = load_file(SUPPORT / "relay_module.py").RelayModule(
            module=relay.transform.InferType()(module),
            params={one.name_hint: artifact.model.params[one.name_hint] for one in weights},
            inputs={
                spec.name: variable.name_hint
                for spec, variable in zip(specs, variables, strict=True)
                if any(variable.same_as(one) for one in given)
            },
            outputs=tuple(range(len(gives))),
        )
        outputs = tuple(name if name in artifact.outputs else f"out{place}" for place, name in enumerate(gives))
        return Artifact(self.representation, model, tuple(specs), outputs, artifact.sizes)

    def trusted(self, artifact: Artifact, *, exact: bool, moved: int = 0) -> Session:
        return _Evaluated(_Read(artifact), exact=exact)


@dataclass
class _Read:
    """The typed @main, and its tensors by the names that a cut goes by: those of the model's inputs and outputs too."""

    artifact: Artifact
    nodes: dict[str, Any] = field(default_factory=dict)
    operators: list[CutOperator] = field(default_factory=list)
    order: list[Any] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        import tvm
        from tvm import relay

        sys.setrecursionlimit(max(DEEP, sys.getrecursionlimit()))
        self.module = relay.transform.InferType()(self.artifact.model.module)
        main = self.module["main"]
        same = {variable: name for name, variable in self.artifact.model.inputs.items()}
        self.params = {one.name_hint: one for one in main.params}
        inside: set[Any] = set()

        def visit(node: Any) -> None:
            if isinstance(node, relay.Function):
                relay.analysis.post_order_visit(node.body, lambda one: inside.add(_key(one)))
            if isinstance(node, (relay.Let, relay.Match)):
                raise Unsupported(f"a {type(node).__name__} in @main, which is not cut")
            self.order.append(node)

        relay.analysis.post_order_visit(main.body, visit)
        self.order = [node for node in self.order if _key(node) not in inside]
        tuples = isinstance(main.ret_type, tvm.ir.TupleType)
        self.results = list(main.body.fields) if isinstance(main.body, relay.Tuple) else [main.body]
        if tuples and not isinstance(main.body, relay.Tuple):
            count = len(main.ret_type.fields)
            self.results = [relay.TupleGetItem(main.body, place) for place in range(count)]
            for one, kind in zip(self.results, main.ret_type.fields, strict=True):
                self.order.append(one)
                one._checked_type_ = kind
        outputs = {
            _key(self.results[place]): name
            for name, place in zip(self.artifact.outputs, self.artifact.model.outputs, strict=True)
        }
        self._list(same, outputs)

    def _list(self, same: Mapping[str, str], outputs: Mapping[Any, str]) -> None:
        import tvm
        from tvm import relay

        sources: dict[Any, tuple[str, ...]] = {}
        for name, variable in self.artifact.model.inputs.items():
            self.nodes[name] = self.params[variable]
        fields: dict[Any, list[tuple[int, Any]]] = {}
        for node in self.order:
            if isinstance(node, relay.TupleGetItem):
                fields.setdefault(_key(node.tuple_value), []).append((node.index, node))

        def of(*nodes: Any) -> tuple[str, ...]:
            return tuple(dict.fromkeys(name for node in nodes for name in sources.get(_key(node), ())))

        for node in self.order:
            key = _key(node)
            if isinstance(node, relay.Var):
                sources[key] = (same[node.name_hint],) if node.name_hint in same else ()
            elif isinstance(node, relay.Tuple):
                sources[key] = of(*node.fields)
            elif isinstance(node, relay.TupleGetItem):
                sources.setdefault(key, of(node.tuple_value))
            elif isinstance(node, (relay.Call, relay.If)):
                place, gives = len(self.operators), []
                taken = list(node.args) if isinstance(node, relay.Call) else [node.cond, *_free(node)]
                packed = isinstance(node.checked_type, tvm.ir.TupleType)
                for index, one in sorted(fields.get(key, ())) if packed else [(0, node)]:
                    name = outputs.get(_key(one)) or (f"%{place}.{index}" if packed else f"%{place}")
                    if name not in gives:
                        gives.append(name)
                    self.nodes[name] = one
                    sources[_key(one)] = (name,)
                sources.setdefault(key, tuple(gives))
                span = getattr(node.span, "source_name", None)
                named = span.name if span is not None else ""
                kind = node.op.name if isinstance(getattr(node, "op", None), tvm.ir.Op) else type(node).__name__
                self.operators.append(CutOperator(kind, named, of(*taken), tuple(gives), source=named))


def _rebuilt(nodes: Sequence[Any], replaced: dict[Any, Any]) -> list[Any]:
    """Return the expressions with what is replaced in its place; what stays keeps where it was imported from."""
    from tvm import relay

    class Mutator(relay.ExprMutator):
        def visit(self, expression: Any) -> Any:
            found = replaced.get(_key(expression))
            return super().visit(expression) if found is None else found

    mutator = Mutator()
    return [mutator.visit(node) for node in nodes]


def _free(node: Any) -> list[Any]:
    """Return everything that the branches are made of."""
    from tvm import relay

    found: list[Any] = []
    for branch in (node.true_branch, node.false_branch):
        relay.analysis.post_order_visit(branch, found.append)
    return found


def _key(node: Any) -> int:
    return int(node.handle.value) if hasattr(node.handle, "value") else hash(node.handle)


def _erf(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return np.asarray(erf(x))


# Where NumPy has the same function, it is a second opinion on TVM's. All on floats; the rest is asked of TVM.
NUMPY: Mapping[str, Callable[..., Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "power": np.power,
    "negative": np.negative, "abs": np.abs, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh,
    "rsqrt": lambda x: 1 / np.sqrt(x), "erf": _erf, "sin": np.sin, "cos": np.cos, "floor": np.floor, "ceil": np.ceil,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "nn.relu": lambda x: np.maximum(x, 0),
    "maximum": np.maximum, "minimum": np.minimum, "sinh": np.sinh, "cosh": np.cosh, "atan": np.arctan,
}  # fmt: skip


class _Evaluated:
    """Computes a module node by node. What TVM compiles for one operator is kept for all like it."""

    def __init__(self, read: _Read, *, exact: bool) -> None:
        self._read, self._exact = read, exact
        self._weights = {name: self._wide(array.numpy()) for name, array in read.artifact.model.params.items()}

    def run(self, inputs: Arrays) -> Arrays:
        from tvm import relay

        model, values = self._read.artifact.model, dict[int, Any]()
        given = {variable: inputs[name] for name, variable in model.inputs.items()}
        for node in self._read.order:
            if isinstance(node, relay.Var):
                value: Any = given[node.name_hint] if node.name_hint in given else self._weights[node.name_hint]
            elif isinstance(node, relay.Constant):
                value = self._wide(node.data.numpy())
            elif isinstance(node, relay.Tuple):
                value = [values[_key(one)] for one in node.fields]
            elif isinstance(node, relay.TupleGetItem):
                value = values[_key(node.tuple_value)][node.index]
            elif isinstance(node, relay.Call):
                value = self._called(node, [values.get(_key(one)) for one in node.args])
            elif isinstance(node, (relay.Function,)) or type(node).__name__ in {"Op", "GlobalVar", "Constructor"}:
                continue
            else:
                raise Unsupported(f"a {type(node).__name__} is not computed by itself")
            values[_key(node)] = value
        outputs = zip(self._read.artifact.outputs, model.outputs, strict=True)
        return {name: np.asarray(values[_key(self._read.results[place])]) for name, place in outputs}

    def _wide(self, array: np.ndarray) -> np.ndarray:
        return array.astype(np.float64) if self._exact and is_float(array.dtype) else array

    def _called(self, node: Any, values: list[Any]) -> Any:
        import tvm

        if not isinstance(node.op, tvm.ir.Op):
            raise Unsupported("a call of a function, which is not computed by itself")
        function = NUMPY.get(node.op.name)
        plain = all(isinstance(value, np.ndarray) and is_float(value.dtype) for value in values)
        if function is not None and plain:
            with np.errstate(all="ignore"):
                return np.asarray(function(*values))
        return _by_tvm(node, values, exact=self._exact)


_compiled: dict[str, Any] = {}


def _by_tvm(node: Any, values: list[Any], *, exact: bool) -> Any:
    """Return what TVM computes for one call, compiled by itself without optimisation."""
    import tvm
    from tvm import relay
    from tvm.contrib.graph_executor import GraphModule

    flat, shaped = [], []
    for value in values:
        parts = value if isinstance(value, list) else [value]
        made = [
            relay.var(f"v{len(flat) + place}", shape=one.shape, dtype=str(one.dtype)) for place, one in enumerate(parts)
        ]
        shaped.append(relay.Tuple(made) if isinstance(value, list) else made[0])
        flat += list(zip(made, parts, strict=True))
    call = relay.Call(node.op, shaped, _wide_attributes(node.attrs) if exact else node.attrs)
    module = relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([one for one, _ in flat], call)))
    text = tvm.ir.save_json(module)
    if text not in _compiled:
        if len(_compiled) >= COMPILED_KEPT:
            _compiled.clear()
        with tvm.transform.PassContext(opt_level=0, config={"tir.disable_cse_tir": True}):
            _compiled[text] = relay.build(module, target="llvm").module
    executor = GraphModule(_compiled[text]["default"](tvm.cpu()))
    for one, value in flat:
        executor.set_input(one.name_hint, value)
    executor.run()
    results = [executor.get_output(place).numpy() for place in range(executor.get_num_outputs())]
    return results if isinstance(module["main"].ret_type, tvm.ir.TupleType) else results[0]


def _wide_attributes(attributes: Any) -> Any:
    """Return the attributes with float64 where they name a float dtype to give a result."""
    import tvm

    if attributes is None:
        return None
    found = {name: attributes[name] for name in map(str, attributes.keys())}
    narrow = {name for name, value in found.items() if "dtype" in name and str(value) in {"float16", "float32"}}
    if not narrow:
        return attributes
    kind = attributes.__class__.__dict__.get("_type_key") or attributes.type_key
    return tvm.ir.make_node(kind, **{**found, **dict.fromkeys(narrow, WIDE)})


CUT = RelayCut()
