"""How PyTorch modules, programs and TorchScript modules are called with arrays by name."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact
from nnparity.dtypes import BFLOAT16, named, widened

COMPILES_ITSELF = "Detected that you are using FX to torch.jit.trace a dynamo-optimized function."
"""With what a RuntimeError begins by which PyTorch 2.13 refuses to trace torch.cond and torch.while_loop."""


def example_tensors(artifact: Artifact) -> tuple[Any, ...]:
    """Return one tensor per input, in the order in which the module takes them: what a tracer is given."""
    example = artifact.example()
    return tensors(tuple(example), example)


def tensors(names: tuple[str, ...], arrays: Arrays) -> tuple[Any, ...]:
    """Return the named arrays as tensors, copied: a received array may be read-only, and a layer may write in place."""
    import torch

    def tensor(array: np.ndarray) -> Any:
        made = torch.tensor(widened(array))
        return made.to(torch.bfloat16) if array.dtype.name == BFLOAT16 else made

    return tuple(tensor(arrays[name]) for name in names)


def named_axes(artifact: Artifact) -> dict[str, dict[int, str]]:
    """Return {input: {axis: name}} of the axes left open."""
    axes = {
        spec.name: {axis: size for axis, size in enumerate(spec.shape) if isinstance(size, str)}
        for spec in artifact.inputs
    }
    return {name: named for name, named in axes.items() if named}


def dynamic_shapes(artifact: Artifact) -> tuple[dict[int, Any], ...] | None:
    """Return what torch.export takes for the axes left open, in input order; None if every size is fixed."""
    import torch

    if not artifact.open_axes:
        return None
    dims = {name: torch.export.Dim(name) for name in artifact.open_axes}
    named = named_axes(artifact)
    return tuple({axis: dims[name] for axis, name in named.get(spec.name, {}).items()} for spec in artifact.inputs)


class ModuleSession:
    """A callable of tensors, run under inference mode on one thread.

    Inference mode is what PyTorch tells its users to deploy with. It is also what decides whether
    torch.nn.MultiheadAttention and torch.nn.TransformerEncoderLayer take their fused path.
    """

    def __init__(self, call: Callable[..., Any], artifact: Artifact) -> None:
        import torch

        torch.set_num_threads(1)
        self._call = call
        self._inputs = tuple(spec.name for spec in artifact.inputs)
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        import torch

        with torch.inference_mode():
            result = self._call(*tensors(self._inputs, inputs))
            results = result if isinstance(result, (tuple, list)) else (result,)
            return {name: _array(tensor) for name, tensor in zip(self._outputs, results, strict=True)}


def _array(tensor: Any) -> np.ndarray:
    import torch

    narrow = tensor.dtype == torch.bfloat16
    array: np.ndarray = (tensor.float() if narrow else tensor).numpy()
    return array.astype(named(BFLOAT16)) if narrow else array


@contextlib.contextmanager
def without_warnings(category: type[Warning], *messages: str) -> Iterator[None]:
    """Silence the warnings of this category whose text begins with one of these regular expressions."""
    with warnings.catch_warnings():
        for message in messages:
            warnings.filterwarnings("ignore", message=message, category=category)
        yield


def without_torchscript_deprecation() -> contextlib.AbstractContextManager[None]:
    """Silence what PyTorch 2.13 says at each call of torch.jit: it is deprecated, and run here because it is in use."""
    return without_warnings(
        DeprecationWarning, r"`torch\.jit\.(trace|trace_method|freeze|save|load)` is deprecated\. Please "
    )
