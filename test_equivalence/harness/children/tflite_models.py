"""One TFLite file, a matrix product that broadcasts, written with the functions that the schema generates."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

flatbuffers: Any = importlib.import_module("flatbuffers")
tflite: Any = importlib.import_module("tflite")


def matrix_product(first: tuple[int, ...], second: tuple[int, ...], result: tuple[int, ...]) -> bytes:
    """Return a file with inputs "a" and "b" and the output "y", all float32."""
    build = flatbuffers.Builder()
    tensors = [_tensor(build, name, shape) for name, shape in {"a": first, "b": second, "y": result}.items()]
    options = _table(build, "BatchMatMulOptions")
    operator = _table(
        build,
        "Operator",
        Inputs=_numbers(build, "OperatorStartInputsVector", [0, 1]),
        Outputs=_numbers(build, "OperatorStartOutputsVector", [2]),
        BuiltinOptionsType=tflite.BuiltinOptions.BatchMatMulOptions,
        BuiltinOptions=options,
    )
    subgraph = _table(
        build,
        "SubGraph",
        Tensors=_offsets(build, "SubGraphStartTensorsVector", tensors),
        Inputs=_numbers(build, "SubGraphStartInputsVector", [0, 1]),
        Outputs=_numbers(build, "SubGraphStartOutputsVector", [2]),
        Operators=_offsets(build, "SubGraphStartOperatorsVector", [operator]),
    )
    code = tflite.BuiltinOperator.BATCH_MATMUL
    codes = [_table(build, "OperatorCode", DeprecatedBuiltinCode=code, BuiltinCode=code, Version=1)]
    model = _table(
        build,
        "Model",
        Version=3,
        OperatorCodes=_offsets(build, "ModelStartOperatorCodesVector", codes),
        Subgraphs=_offsets(build, "ModelStartSubgraphsVector", [subgraph]),
        Buffers=_offsets(build, "ModelStartBuffersVector", [_table(build, "Buffer")]),
    )
    build.Finish(model, b"TFL3")
    return bytes(build.Output())


def models() -> Mapping[str, bytes]:
    """Return each file by what it is there for."""
    return {"TFLite matrix product that broadcasts": matrix_product((5, 3, 4), (1, 4, 3), (5, 3, 3))}


def _table(build: Any, table: str, **fields: Any) -> int:
    getattr(tflite, f"{table}Start")(build)
    for name, value in fields.items():
        getattr(tflite, f"{table}Add{name}")(build, value)
    offset: int = getattr(tflite, f"{table}End")(build)
    return offset


def _tensor(build: Any, name: str, shape: tuple[int, ...]) -> int:
    return _table(
        build,
        "Tensor",
        Name=build.CreateString(name),
        Shape=_numbers(build, "TensorStartShapeVector", list(shape)),
        Type=tflite.TensorType.FLOAT32,
    )


def _numbers(build: Any, start: str, numbers: list[int]) -> int:
    return _vector(build, start, numbers, build.PrependInt32)


def _offsets(build: Any, start: str, offsets: list[int]) -> int:
    return _vector(build, start, offsets, build.PrependUOffsetTRelative)


def _vector(build: Any, start: str, entries: list[int], prepend: Any) -> int:
    getattr(tflite, start)(build, len(entries))
    for entry in reversed(entries):
        prepend(entry)
    offset: int = build.EndVector()
    return offset
