"""A planted graph in Relay, one call for an operator; and the same with one call that computes something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact
from nnparity.loading import load_file

PLANTING = Path(__file__).parents[1] / "support" / "planting.py"
MODULE = Path(__file__).parents[4] / "converters" / "support" / "relay_module.py"
PLAIN = {
    "relu": "nn.relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "abs": "abs",
    "neg": "negative",
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "maximum": "maximum",
    "minimum": "minimum",
}
POOL = {"pool_size": (3, 3), "strides": (1, 1), "padding": (1, 1)}


def computing(kind: str, values: list[Any]) -> Any:
    """Return the call of this kind."""
    from tvm import relay

    if kind in PLAIN:
        return relay.nn.relu(*values) if kind == "relu" else getattr(relay, PLAIN[kind])(*values)
    if kind in {"softmax_rows", "softmax_channels"}:
        return relay.nn.softmax(*values, axis=3 if kind == "softmax_rows" else 1)
    if kind in {"transpose", "same"}:
        return relay.transpose(*values, axes=(0, 1, 3, 2) if kind == "transpose" else (0, 1, 2, 3))
    if kind in {"max_pool", "average_pool"}:
        return (relay.nn.max_pool2d if kind == "max_pool" else relay.nn.avg_pool2d)(*values, **POOL)
    if kind in {"conv", "conv_dilated"}:
        far = 2 if kind == "conv_dilated" else 1
        return relay.nn.conv2d(*values, padding=(far, far), dilation=(far, far), channels=6, kernel_size=(3, 3))
    # TVM compiles nn.dense for two axes only; over the channels it is a convolution of one pixel.
    return relay.nn.conv2d(*values, channels=6, kernel_size=(1, 1))


class RelayFromAbstract:
    name = "relay_from_abstract"
    environment = "tvm_relay"
    source = "abstract"
    target = "relay"

    def convert(self, artifact: Artifact) -> Artifact:
        import tvm
        from tvm import relay

        spec, planting = artifact.model, load_file(PLANTING)
        values = {-1: relay.var("x", shape=planting.SHAPE)}
        params = {}
        for place, (kind, takes) in enumerate(spec["operators"]):
            inputs = [values[one] for one in takes]
            if kind in {"conv", "matmul"}:
                array = getattr(planting, kind)(spec["seed"], place)
                params[f"w{place}"] = tvm.nd.array(array[:, :, None, None] if kind == "matmul" else array)
                inputs.append(relay.var(f"w{place}", shape=params[f"w{place}"].shape))
            call = computing(kind, inputs)
            span = tvm.relay.Span(tvm.relay.SourceName(f"t{place}"), 0, 0, 0, 0)
            values[place] = relay.Call(call.op, call.args, call.attrs, call.type_args, span)
        body = values[len(spec["operators"]) - 1]
        module = tvm.IRModule.from_expr(relay.Function(relay.analysis.free_vars(body), body))
        model = load_file(MODULE).RelayModule(module, params, {"x": "x"}, (0,))
        return artifact.converted(self.target, model)


@dataclass(frozen=True)
class Planting:
    name: str
    fault: str
    place: int
    environment: str = "tvm_relay"
    source: str = "relay"
    target: str = "relay"
    on_demand: bool = True

    def convert(self, artifact: Artifact) -> Artifact:
        import tvm
        from tvm import relay

        planting, model, fault, place = load_file(PLANTING), artifact.model, self.fault, self.place
        params = dict(model.params)

        class Mutator(relay.ExprMutator):
            def visit_call(self, call: Any) -> Any:
                made = super().visit_call(call)
                if call.span is None or call.span.source_name.name != f"t{place}":
                    return made
                if fault == "scaled":
                    return relay.multiply(made, relay.const(planting.SCALE, "float32"))
                if fault == "element":
                    return relay.add(made, relay.const(planting.one_element(planting.SHAPE, place)))
                return swapped(made, params)

        main = Mutator().visit(model.module["main"])
        changed = load_file(MODULE).RelayModule(tvm.IRModule.from_expr(main), params, model.inputs, model.outputs)
        return artifact.converted(self.target, changed)


def swapped(call: Any, params: dict[str, Any]) -> Any:
    """Return the call that this one is swapped for."""
    import tvm

    planting, names = load_file(PLANTING), {name: kind for kind, name in PLAIN.items()}
    others = {
        "nn.max_pool2d": "max_pool",
        "nn.avg_pool2d": "average_pool",
        "nn.conv2d": "conv",
        "transpose": "transpose",
        "nn.softmax": "softmax_rows",
    }
    if call.op.name == "nn.conv2d" and int(call.attrs.kernel_size[0]) == 1:
        weight = call.args[1].name_hint
        params[weight] = tvm.nd.array(params[weight].numpy().swapaxes(0, 1).copy())
        return call
    kind = {**names, **others}[call.op.name]
    if kind == "softmax_rows" and int(call.attrs.axis) == 1:
        kind = "softmax_channels"
    return computing(planting.SWAPPED[kind], list(call.args))


COMPONENTS = (RelayFromAbstract(), *load_file(PLANTING).each("relay", Planting))
