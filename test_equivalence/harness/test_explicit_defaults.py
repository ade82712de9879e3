"""Writing out what ONNX leaves to defaults never changes the function, leaves nothing out, and is done once."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnparity.loading import load_file

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).parent / "children" / "explicit_defaults.py"
Said = dict[str, Any]
Wrong = Callable[[Said], list[str]]
PLAIN = load_file(ROOT / "converters" / "support" / "onnx_plain_names.py").plain
# What other tools stumble over, and pairs that would become one name.
HOSTILE = ("w:0", "w_0", "w-0", "a b", "a;b", "a,b", "/layer/weight", "a_b", "a_b_2", "0", "ä")
ALONE: dict[str, Said] = {
    "LeakyRelu": {"alpha": 0.3},
    "Elu": {"alpha": 0.5},
    "Selu": {"alpha": 1.5, "gamma": 1.25},
    "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
    "ThresholdedRelu": {"alpha": 0.5},
    "Celu": {"alpha": 0.75},
    "Softmax": {"axis": 1},
    "LogSoftmax": {"axis": 2},
    "Hardmax": {"axis": 1},
    "Flatten": {"axis": 2},
    "LRN": {"alpha": 0.5, "beta": 0.5, "bias": 2.0},
    "ReduceMean": {"keepdims": 0},
    "ReduceMax": {"keepdims": 0},
    "ArgMax": {"axis": 1, "keepdims": 0},
    "DepthToSpace": {"mode": "CRD"},
    "Shape": {},
    "Relu": {},
}
ALWAYS = {"LRN": {"size": 3}, "DepthToSpace": {"blocksize": 2}}
AXIS_CHANGED = ("Softmax", "LogSoftmax", "Hardmax")
TRAINED: tuple[list[str], Said] = (["scale", "shift", "mean", "+variance"], {"epsilon": 0.25, "momentum": 0.5})


@pytest.fixture(scope="module")
def wrong(interpreter: Callable[[str], Path]) -> Iterator[Wrong]:
    """Yield f(model) -> what is wrong with it once its defaults are written out, asked of one child."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [str(interpreter("native_tools")), str(CHILD)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def ask(said: Said) -> list[str]:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(said) + "\n")
            child.stdin.flush()
            answer: list[str] = json.loads(child.stdout.readline())
            return answer

        yield ask
        child.stdin.close()


def model(nodes: list[Any], constants: Said | None = None, **said: Any) -> Said:
    """Return what the child is asked; size: of x."""
    size = said.pop("size")
    return {
        "opset": 13,
        "nodes": nodes,
        "constants": constants or {},
        "inputs": {"x": [size, "float32"]},
        "outputs": [nodes[-1][2][0]],
        "inside": False,
        "fault": "",
        **said,
    }


@st.composite
def some(draw: st.DrawFn, attributes: Said) -> Said:
    """Draw which of the attributes are given; the others are left to their defaults."""
    return {name: value for name, value in attributes.items() if draw(st.booleans(), label=f"{name} is given")}


@st.composite
def windows(draw: st.DrawFn) -> Said:
    """Draw a convolution or a pooling with some of its attributes."""
    operator = draw(st.sampled_from(["Conv", "ConvTranspose", "MaxPool", "AveragePool", "ConvInteger"]))
    axes = draw(st.integers(1, 2)) if operator != "ConvInteger" else 2
    kernel = draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes))
    opset = draw(st.sampled_from([11, 13, 17, 20]))
    possible: Said = {
        "strides": draw(st.lists(st.integers(1, 2), min_size=axes, max_size=axes)),
        "pads": [0] * axes + [each - 1 for each in kernel],
    }
    if operator != "AveragePool":
        possible["dilations"] = [2] * axes
    if operator == "AveragePool":
        possible |= {"count_include_pad": 1, "ceil_mode": 0}
    if operator == "Conv":  # ONNX's evaluator cannot group a ConvTranspose of several rows
        possible["group"] = 2
    given = draw(some(possible))
    if operator in {"MaxPool", "AveragePool"} or draw(st.booleans(), label="kernel_shape is given"):
        given["kernel_shape"] = kernel
    padding = draw(st.sampled_from(["", "NOTSET", "VALID"]))
    if padding and not (padding == "VALID" and "pads" in given):
        given["auto_pad"] = padding
    constants: Said = {}
    weight, result = draw(st.permutations(HOSTILE))[:2]
    inputs = ["x"]
    dtype = "int8" if operator == "ConvInteger" else "float32"
    if operator not in {"MaxPool", "AveragePool"}:
        inputs.append(weight)
        channels = [3, 4] if operator == "Conv" and "group" not in given else [4, 2]
        constants[weight] = [[*([2, 2] if operator == "ConvInteger" else channels[:2]), *kernel], dtype]
        if "group" in given:
            constants[weight] = [[4, 2, *kernel], dtype]
    size = [2, 2 if operator == "ConvInteger" else 4, *[7] * axes]
    said = model(
        [[operator, inputs, [result], given], ["Identity", [result], ["y"], {}]],
        constants,
        size=size,
        opset=opset,
        inside=draw(st.booleans(), label="in a branch"),
    )
    said["inputs"]["x"][1] = dtype
    return said


@st.composite
def operators(draw: st.DrawFn) -> Said:
    """Draw a short chain of other operators with some of their attributes."""
    operator = draw(st.sampled_from([*ALONE, "BatchNormalization", "LayerNormalization", "Gemm"]))
    middle, *names = draw(st.permutations(HOSTILE))
    # ONNX's evaluator has the newest default of an attribute also where the model's opset has another.
    opset = draw(st.sampled_from([13, 20] if operator in AXIS_CHANGED else [11, 13, 20]))
    constants: Said = {}
    attributes: Said
    size = [2, 4, 3, 3]
    inputs = ["x"]
    if operator == "BatchNormalization":
        named = [f"+{name}" if kind.startswith("+") else name for kind, name in zip(TRAINED[0], names, strict=False)]
        inputs += named
        constants = {name: [[4], "float32"] for name in named}
        attributes = draw(some(TRAINED[1]))
    elif operator == "LayerNormalization":
        opset, size = 20, [2, 3]
        inputs.append(names[0])
        constants = {names[0]: [[3], "float32"]}
        attributes = draw(some({"epsilon": 0.25, "axis": 1}))
    elif operator == "Gemm":
        size = [3, 3]
        inputs += names[:2]
        constants = {names[0]: [[3, 3], "float32"], names[1]: [[3], "float32"]}
        attributes = draw(some({"alpha": 0.5, "beta": 2.0, "transA": 1, "transB": 1}))
    else:
        attributes = {**draw(some(ALONE[operator])), **ALWAYS.get(operator, {})}
    nodes = [["Abs", ["x"], [middle], {}], [operator, [middle, *inputs[1:]], ["y"], attributes]]
    return model(nodes, constants, size=size, opset=opset, inside=draw(st.booleans(), label="in a branch"))


@settings(max_examples=150, deadline=None)
@given(st.one_of(windows(), operators()))
@example(model([["Conv", ["x", "w"], ["y"], {}]], {"w": [[2, 1, 3, 3], "float32"]}, size=[1, 1, 5, 5]))
@example(
    model(
        [["ConvTranspose", ["x", "w"], ["y"], {"output_shape": [9, 9], "strides": [2, 2]}]],
        {"w": [[1, 1, 3, 3], "float32"]},
        size=[1, 1, 4, 4],
    )
)
@example(
    model(
        [["MaxPool", ["x"], ["y"], {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}]],
        size=[1, 1, 5, 5],
    )
)
def test_defaults_written_out_change_nothing_and_leave_nothing_out(wrong: Wrong, said: Said) -> None:
    assert wrong(said) == []


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("another value", "y differs"),
        ("left out", "LeakyRelu has no alpha"),
        ("odd name", "'_y_node:0' is no plain name"),
    ],
)
def test_fault_in_what_is_written_out_is_seen(wrong: Wrong, fault: str, seen: str) -> None:
    assert seen in wrong(model([["LeakyRelu", ["x"], ["y"], {}]], size=[3, 3], fault=fault))


@settings(max_examples=200)
@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=4)), max_size=12))
@example(["a_b_2", "a_b", "a-b"])
@example(["a-b", "a b", "a_b", "a_b_2"])
def test_no_two_names_become_one(names: list[str]) -> None:
    given = PLAIN(names)
    assert set(given) == {name for name in names if name}
    assert len(set(given.values())) == len(given)
    assert PLAIN(given.values()) == {name: name for name in given.values()}
    assert all(given[name] == name for name in given if name.isascii() and name.isalnum())
