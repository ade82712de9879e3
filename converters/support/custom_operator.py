"""The operators that no framework has: what a file in custom_operators/ gives, and how each library is told of them.

They are of one tensor, give one of the same shape and element type, and have floating-point attributes. ONNX and
TensorFlow keep such an attribute in float32.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnparity.contracts import Unsupported
from nnparity.loading import load_file

FOLDER = Path(__file__).parents[1] / "custom_operators"
# The namespace in PyTorch, the domain in ONNX, and capitalised what stands before ">" in TensorFlow's names.
NAMESPACE = "nnparity"
DOMAIN_VERSION = 1
COMPILER = "g++"


@dataclass(frozen=True)
class CustomOperator:
    """One operator with its implementations; torch, numpy and relay are f(x, *attributes).

    name: PyTorch's and the file's. symbol: ONNX's and TensorFlow's. numpy: what ONNX Runtime and ONNX's reference
    evaluator call. relay: an expression of Relay's own operators. tensorflow: C++ that registers operator and kernels.
    """

    name: str
    symbol: str
    attributes: tuple[str, ...]
    torch: Callable[..., Any]
    tensorflow: str
    numpy: Callable[..., Any]
    relay: Callable[..., Any]


@functools.cache
def operators() -> tuple[CustomOperator, ...]:
    """Return every operator in the folder, in the order of the files' names."""
    return tuple(load_file(file).OPERATOR for file in sorted(FOLDER.glob("*.py")))


@functools.cache
def register_in_torch() -> None:
    """Make every operator callable as torch.ops.nnparity.<name>, in modules and in the files that hold them."""
    import torch

    for operator in operators():
        attributes = "".join(f", float {name}" for name in operator.attributes)
        known = torch.library.custom_op(
            f"{NAMESPACE}::{operator.name}",
            operator.torch,
            mutates_args=(),
            schema=f"(Tensor x{attributes}) -> Tensor",
        )
        known.register_fake(lambda x, *attributes: torch.empty_like(x))


def torch_translations() -> Mapping[Any, Callable[..., Any]]:
    """Return for every operator how torch.onnx.export translates it on top of torch.export: into a node of its own."""
    import torch

    register_in_torch()
    return {_overload(torch, operator): _node(operator) for operator in operators()}


@functools.cache
def register_in_legacy_exporter(opset: int) -> None:
    """Tell torch.onnx.export(dynamo=False) to write a node of its own for every operator."""
    import torch

    register_in_torch()
    for operator in operators():
        torch.onnx.register_custom_op_symbolic(f"{NAMESPACE}::{operator.name}", _symbolic(operator), opset)


def call_in_tensorflow(name: str) -> Callable[..., Any]:
    """Return the operator as a function of a tensor and its attributes by name.

    Its library is compiled once an environment and stays there. Raises Unsupported where there is no C++ compiler.
    """
    operator = next(one for one in operators() if one.name == name)
    call: Callable[..., Any] = getattr(_tensorflow_library(operator.tensorflow), f"{NAMESPACE}_{name}")
    return call


def tensorflow_name(operator: CustomOperator) -> str:
    """Return what TensorFlow calls the operator in a graph: "Nnparity>FirmShrink"."""
    return f"{NAMESPACE.capitalize()}>{operator.symbol}"


def _overload(torch: Any, operator: CustomOperator) -> Any:
    return getattr(getattr(torch.ops, NAMESPACE), operator.name).default


def _node(operator: CustomOperator) -> Callable[..., Any]:
    import onnx
    import onnxscript

    parameter, attribute = onnx.defs.OpSchema.FormalParameter, onnx.defs.OpSchema.Attribute
    schema = onnx.defs.OpSchema(
        operator.symbol,
        NAMESPACE,
        DOMAIN_VERSION,
        inputs=[parameter("x", "T")],
        outputs=[parameter("y", "T")],
        type_constraints=[("T", ["tensor(float)", "tensor(double)"], "")],
        attributes=[attribute(name, onnx.defs.OpSchema.AttrType.FLOAT) for name in operator.attributes],
    )
    node = onnxscript.values.Op(onnxscript.values.Opset(NAMESPACE, DOMAIN_VERSION), operator.symbol, schema)

    def translation(x: Any, *values: float) -> Any:
        return node(x, **dict(zip(operator.attributes, values, strict=True)))

    return translation


def _symbolic(operator: CustomOperator) -> Callable[..., Any]:
    from torch.onnx import symbolic_helper

    def symbolic(graph: Any, x: Any, *values: Any) -> Any:
        numbers = (symbolic_helper._get_const(value, "f", "attribute") for value in values)
        named = {f"{name}_f": number for name, number in zip(operator.attributes, numbers, strict=True)}
        return graph.op(f"{NAMESPACE}::{operator.symbol}", x, **named).setType(x.type())

    return symbolic


@functools.cache
def _tensorflow_library(source: str) -> Any:
    import tensorflow as tf

    name = hashlib.sha256(f"{tf.__version__} {source}".encode()).hexdigest()[:16]
    library = Path(sys.prefix, "custom_operators", f"{name}.so")
    if not library.exists():
        _compile(source, library, [*tf.sysconfig.get_compile_flags(), "-w"], tf.sysconfig.get_link_flags())
    return tf.load_op_library(str(library))


def _compile(source: str, library: Path, compile_flags: list[str], link_flags: list[str]) -> None:
    """Write the shared library; it appears whole, since other workers may look for it meanwhile."""
    library.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        file, made = Path(folder, "operator.cc"), Path(folder, "operator.so")
        file.write_text(source, encoding="utf-8")
        command = [COMPILER, "-shared", "-fPIC", "-O2", *compile_flags, str(file), "-o", str(made), *link_flags]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as problem:
            raise Unsupported(
                f"TensorFlow takes an operator of one's own in C++, and there is no {COMPILER}"
            ) from problem
        if done.returncode:
            raise RuntimeError(f"{COMPILER} did not compile {library.name} (status {done.returncode}): {done.stderr}")
        os.replace(made, library)
