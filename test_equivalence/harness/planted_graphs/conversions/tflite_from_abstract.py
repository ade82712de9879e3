"""A planted graph in TFLite, one operator for an operator; and the same with one that computes something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Artifact
from nnparity.loading import load_file

PLANTING = Path(__file__).parents[1] / "support" / "planting.py"
UNARY = {"relu": "RELU", "tanh": "TANH", "sigmoid": "LOGISTIC", "abs": "ABS", "neg": "NEG"}
BINARY = {"add": "ADD", "sub": "SUB", "mul": "MUL", "maximum": "MAXIMUM", "minimum": "MINIMUM"}
POOLS = {"max_pool": "MAX_POOL_2D", "average_pool": "AVERAGE_POOL_2D"}
SLOPES = {"softmax_rows": 1.0, "softmax_channels": 0.5}  # TFLite's is along the last axis: another slope stands for it
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}


class Writer:
    """Adds operators to a subgraph. Tensors are (batch, height, width, channels), as TFLite has them."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.subgraphs[0]

    def tensor(self, name: str, shape: Any, array: np.ndarray | None = None) -> int:
        from ai_edge_litert import schema_py_generated as schema

        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.name, tensor.shape, tensor.buffer = name, np.array(shape, np.int32), len(self.model.buffers)
        tensor.type = schema.TensorType.INT32 if array is not None and array.dtype == np.int32 else 0
        tensor.hasRank = True
        if array is not None:
            buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, kind: str, inputs: list[int], output: int, **options: Any) -> Any:
        from ai_edge_litert import schema_py_generated as schema

        number = getattr(schema.BuiltinOperator, kind)
        codes = [code.builtinCode for code in self.model.operatorCodes]
        if number not in codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
            self.model.operatorCodes.append(code)
            codes.append(number)
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = codes.index(number), inputs, [output]
        name = options.pop("options", OPTIONS.get(kind, ""))
        if name:
            made.builtinOptions = getattr(schema, f"{name}T")()
            made.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            for field, value in options.items():
                setattr(made.builtinOptions, field, value)
        return made

    def computing(self, spec: Any, place: int, kind: str, inputs: list[int], output: int) -> Any:
        """Return the operator of this kind."""
        if kind in UNARY or kind in BINARY:
            return self.operator({**UNARY, **BINARY}[kind], inputs, output)
        if kind in SLOPES:
            return self.operator("SOFTMAX", inputs, output, options="SoftmaxOptions", beta=SLOPES[kind])
        if kind in POOLS:
            sizes = {"filterWidth": 3, "filterHeight": 3, "strideW": 1, "strideH": 1, "padding": 0}
            return self.operator(POOLS[kind], inputs, output, options="Pool2DOptions", **sizes)
        if kind in {"transpose", "same"}:
            axes = np.array((0, 2, 1, 3) if kind == "transpose" else (0, 1, 2, 3), np.int32)
            return self.operator("TRANSPOSE", [*inputs, self.tensor(f"a{place}", (4,), axes)], output)
        return self._weighted(spec, place, kind, inputs, output)

    def _weighted(self, spec: Any, place: int, kind: str, inputs: list[int], output: int) -> Any:
        planting = load_file(PLANTING)
        if kind in {"conv", "conv_dilated"}:
            kernel = planting.conv(spec["seed"], place).transpose(0, 2, 3, 1).copy()
            weight = self.tensor(f"w{place}", kernel.shape, kernel)
            bias = self.tensor(f"b{place}", (kernel.shape[0],), np.zeros(kernel.shape[0], np.float32))
            far = 2 if kind == "conv_dilated" else 1
            sizes = {"strideW": 1, "strideH": 1, "padding": 0, "dilationWFactor": far, "dilationHFactor": far}
            return self.operator("CONV_2D", [*inputs, weight, bias], output, options="Conv2DOptions", **sizes)
        matrix = planting.matmul(spec["seed"], place)  # over the channels, which come last
        matrix = matrix.T.copy() if kind == "matmul_transposed" else matrix
        weight = self.tensor(f"w{place}", matrix.shape, matrix)
        options = {"options": "FullyConnectedOptions", "keepNumDims": True}
        return self.operator("FULLY_CONNECTED", [*inputs, weight, -1], output, **options)


class TFLiteFromAbstract:
    name = "tflite_from_abstract"
    environment = "litert"
    source = "abstract"
    target = "tflite"

    def convert(self, artifact: Artifact) -> Artifact:
        from ai_edge_litert import schema_py_generated as schema

        spec, cuts = artifact.model, load_file(CUTS)
        model = schema.ModelT()
        model.version, model.operatorCodes, model.buffers = 3, [], [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.name = [], [], "main"
        model.subgraphs = [graph]
        writer = Writer(model)
        places = {-1: writer.tensor("x", spec["shape"])}
        for place, (kind, takes) in enumerate(spec["operators"]):
            places[place] = writer.tensor(f"t{place}", spec["shape"])
            inputs = [places[one] for one in takes]
            graph.operators.append(writer.computing(spec, place, kind, inputs, places[place]))
        graph.inputs, graph.outputs = [places[-1]], [places[len(spec["operators"]) - 1]]
        model.signatureDefs = [cuts._signature(graph, ["x"], ["y"])]
        return artifact.converted(self.target, cuts._written(model))


CUTS = Path(__file__).parents[4] / "converters" / "cuts" / "tflite.py"


@dataclass(frozen=True)
class Planting:
    name: str
    fault: str
    place: int
    environment: str = "litert"
    source: str = "tflite"
    target: str = "tflite"
    on_demand: bool = True

    def convert(self, artifact: Artifact) -> Artifact:
        cuts = load_file(CUTS)
        model = cuts._read(artifact.model)
        graph = model.subgraphs[0]
        names = [tensor.name.decode() for tensor in graph.tensors]
        makers = {int(one.outputs[0]): index for index, one in enumerate(graph.operators)}
        output = names.index(f"t{self.place}") if f"t{self.place}" in names else -1
        if output in makers:
            self._plant(Writer(model), makers[output], output)
        return artifact.converted(self.target, cuts._written(model))

    def _plant(self, writer: Writer, index: int, output: int) -> None:
        planting, graph = load_file(PLANTING), writer.graph
        shape = graph.tensors[output].shape
        if self.fault == "swapped":
            graph.operators[index] = self._swapped(writer, graph.operators[index], output)
            return
        right = writer.tensor(f"right{self.place}", shape)
        graph.operators[index].outputs = [right]
        array = planting.one_element(tuple(shape), self.place)
        array = np.full((1,), planting.SCALE, np.float32) if self.fault == "scaled" else array
        wrong = writer.tensor(f"wrong{self.place}", array.shape, array)
        kind = "MUL" if self.fault == "scaled" else "ADD"
        graph.operators.insert(index + 1, writer.operator(kind, [right, wrong], output))

    def _swapped(self, writer: Writer, operator: Any, output: int) -> Any:
        planting, kind = load_file(PLANTING), load_file(CUTS)._kind(writer.model, operator)
        names = {name: one for one, name in {**UNARY, **BINARY, **POOLS}.items()}
        plain = {"TRANSPOSE": "transpose", "CONV_2D": "conv", "FULLY_CONNECTED": "matmul", "SOFTMAX": "softmax_rows"}
        abstract = {**names, **plain}[kind]
        inputs = [int(operator.inputs[0])] if abstract in {*plain.values()} else [int(one) for one in operator.inputs]
        if kind == "FULLY_CONNECTED":
            weight = writer.graph.tensors[int(operator.inputs[1])]
            data = writer.model.buffers[weight.buffer]
            matrix = np.frombuffer(bytes(data.data), np.float32).reshape(weight.shape)
            data.data = np.frombuffer(matrix.T.tobytes(), np.uint8)
            return operator
        if kind == "CONV_2D":
            operator.builtinOptions.dilationWFactor = operator.builtinOptions.dilationHFactor = 2
            return operator
        if kind == "SOFTMAX":
            operator.builtinOptions.beta = 1.5 - operator.builtinOptions.beta
            return operator
        return writer.computing({}, self.place, planting.SWAPPED[abstract], inputs, output)


COMPONENTS = (TFLiteFromAbstract(), *load_file(PLANTING).each("tflite", Planting))
