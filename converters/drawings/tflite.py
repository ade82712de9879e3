"""The graph of a TFLite file: the subgraphs of WHILE, IF and composites stand within the operator that calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnparity.contracts import Artifact, Operator

CALLED = {
    "WhileOptions": ("CondSubgraphIndex", "BodySubgraphIndex"),
    "IfOptions": ("ThenSubgraphIndex", "ElseSubgraphIndex"),
    "StableHLOCompositeOptions": ("DecompositionSubgraphIndex",),
}


class TFLiteDrawing:
    representation = "tflite"

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        import tflite

        model = tflite.Model.GetRootAsModel(artifact.model, 0)
        drawn: list[Operator] = []
        waiting = set(range(model.SubgraphsLength()))
        self._draw(model, 0, drawn, waiting, within=-1)
        while waiting:  # one that nothing we know calls
            self._draw(model, min(waiting), drawn, waiting, within=-1)
        return drawn

    def _draw(self, model: Any, index: int, drawn: list[Operator], waiting: set[int], *, within: int) -> None:
        waiting.discard(index)
        subgraph = model.Subgraphs(index)
        inputs = _inputs(model, index)
        for j in range(subgraph.OperatorsLength()):
            one = subgraph.Operators(j)
            place = len(drawn)
            outputs = [int(tensor) for tensor in one.OutputsAsNumpy()] if one.OutputsLength() else []
            taken = [int(tensor) for tensor in one.InputsAsNumpy()] if one.InputsLength() else []
            drawn.append(
                Operator(
                    name=_name(model, one),
                    takes=tuple(inputs.get(tensor, f"{index}/{tensor}") for tensor in taken if tensor >= 0),
                    gives=tuple(f"{index}/{tensor}" for tensor in outputs),
                    shapes=tuple(_shape(subgraph.Tensors(tensor)) for tensor in outputs),
                    within=within,
                )
            )
            for called in sorted(_called(one) & waiting):
                self._draw(model, called, drawn, waiting, within=place)


def _inputs(model: Any, index: int) -> dict[int, str]:
    """Return the names that the signature gives to the tensors that the first subgraph is given."""
    if index != 0 or not model.SignatureDefsLength():
        return {}
    signature = model.SignatureDefs(0)
    entries = (signature.Inputs(i) for i in range(signature.InputsLength()))
    return {entry.TensorIndex(): entry.Name().decode() for entry in entries}


def _name(model: Any, operator: Any) -> str:
    import tflite

    known = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
    code = model.OperatorCodes(operator.OpcodeIndex())
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    custom = number == tflite.BuiltinOperator.CUSTOM
    return str(code.CustomCode().decode() if custom else known.get(number, f"BUILTIN_{number}"))


def _called(operator: Any) -> set[int]:
    import tflite

    for kind, fields in CALLED.items():
        reader = getattr(tflite, kind, None)
        number = getattr(tflite.BuiltinOptions, kind, None)
        later = getattr(getattr(tflite, "BuiltinOptions2", None), kind, None)
        table = None
        if number is not None and operator.BuiltinOptionsType() == number:
            table = operator.BuiltinOptions()
        elif later is not None and operator.BuiltinOptions2Type() == later:
            table = operator.BuiltinOptions2()
        if reader is not None and table is not None:
            options = reader()
            options.Init(table.Bytes, table.Pos)
            return {int(getattr(options, field)()) for field in fields}
    return set()


def _shape(tensor: Any) -> str:
    import tflite

    kinds = {number: name for name, number in vars(tflite.TensorType).items() if isinstance(number, int)}
    sizes = [int(size) for size in tensor.ShapeAsNumpy()] if tensor.ShapeLength() else []
    return f"{'x'.join(map(str, sizes))} {kinds.get(tensor.Type(), '').lower()}".strip()


DRAWING = TFLiteDrawing()
