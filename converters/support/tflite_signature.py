"""What goes in and out of a TFLite file, by the names that its signature gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class End:
    """One input or output. tensor: the file's own name of it. shape: as the file has it."""

    tensor: str
    dtype: str
    shape: tuple[int, ...]


def ends(content: bytes) -> tuple[dict[str, End], dict[str, End]]:
    """Return the inputs, and the outputs, of the first signature of a file, in its order."""
    import tflite

    model = tflite.Model.GetRootAsModel(content, 0)
    subgraph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    kinds = {number: name.lower() for name, number in vars(tflite.TensorType).items() if isinstance(number, int)}

    def of(end: Any, count: int) -> Iterator[tuple[str, End]]:
        for place in range(count):
            tensor = subgraph.Tensors(end(place).TensorIndex())
            shape = tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))
            yield end(place).Name().decode(), End(tensor.Name().decode(), kinds[tensor.Type()], shape)

    return dict(of(signature.Inputs, signature.InputsLength())), dict(of(signature.Outputs, signature.OutputsLength()))
