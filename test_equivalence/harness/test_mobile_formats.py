"""What MNN's and ncnn's converters print and write is read as it is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnparity.discovery import discover
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[2] / "converters" / "support"
MNN, PNNX = load_file(SUPPORT / "mnn_converter.py"), load_file(SUPPORT / "pnnx_converter.py")
OPERATOR = '{ "main_type": "X", "main": { %s }, "type": "%s", "defaultDimentionFormat": "NHWC" }'
SCRIPT = """
            ex.input("in0", ncnn.Mat(in0.numpy(), batch_index=0).clone())
            ex.input("in2", ncnn.Mat(in2.numpy(), batch_index=233).clone())
            _, out0 = ex.extract("out0")
            out.append(torch.from_numpy(out0.numpy(batch_index=1)))
"""


def counted(text: str) -> dict[str, int]:
    module = load_file(Path(SUPPORT.parent, "representations", "mnn.py"))
    return dict(module.counted(text))


def test_operators_of_mnn_go_by_what_they_compute_and_values_are_not_counted() -> None:
    operators = [
        OPERATOR % ('"opType": "ERF"', "UnaryOp"),
        OPERATOR % ('"float32s": [ inf, -inf, nan, 1.0 ]', "Const"),
        OPERATOR % ('"value": nan', "Scale"),
    ]
    body = OPERATOR % ('"operation": "SUM"', "Reduction")
    text = f'{{ "oplists": [ {", ".join(operators)} ], "subgraphs": [ {{ "nodes": [ {body} ] }} ] }}'
    assert counted(text) == {"UnaryOp.ERF": 1, "Scale": 1, "Reduction.SUM": 1}


def test_operators_that_mnn_declines_are_told_once_each() -> None:
    said = "Start to Optimize\nThese Op Not Support: 3\nONNX::IsNaN\nONNX::Foo\nONNX::IsNaN\nConverted Failed!\n"
    assert MNN.declined(said) == "These Op Not Support: ONNX::IsNaN ONNX::Foo"


def test_ends_of_a_net_are_read_from_the_script_beside_it() -> None:
    inputs, outputs = PNNX.blobs(SCRIPT)
    assert inputs == [PNNX.Blob("in0", 0), PNNX.Blob("in2", 233)]
    assert outputs == [PNNX.Blob("out0", 1)]


def test_script_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"has 2 calls of ex\.input\(\.\.\.\), understood are 1"):
        PNNX.blobs(SCRIPT.replace("in2.numpy()", "in2.squeeze(0).numpy()"))


def test_layers_that_pnnx_left_as_pytorch_has_them_have_pytorchs_family() -> None:
    family = discover().representations["ncnn"].family
    assert family("torch.topk") == family("aten::topk")
    assert family("torch.topk") is not None
    assert family("torch.no_such_operator") is None


def test_concats_of_constants_are_found_through_copies() -> None:
    lines = (
        "7767517",
        "6 7",
        "Input in 0 1 in0",
        "MemoryData token 0 1 a 0=4",
        "Split copies 1 2 a b c",
        "Split rows 1 2 in0 d e",
        "Concat joined 2 1 b d f 0=0",
        "Concat others 2 1 d e g 0=0",
    )
    runtime = load_file(Path(SUPPORT.parent, "runtimes", "ncnn_cpu.py"))
    assert runtime.joined_with_constants("\n".join(lines)) == [["b", "d"]]


@pytest.mark.parametrize(("kind", "axes", "stale"), [("Slice", 1, True), ("BinaryOp", 1, False), ("Slice", 2, False)])
def test_a_vector_that_mnn_unsqueezes_and_copies_is_told_from_others(kind: str, axes: int, stale: bool) -> None:
    operators = [
        {"type": "Input", "main": {"dims": [1] * axes}, "outputIndexes": [0]},
        {"type": "Const", "main": {}, "outputIndexes": [1]},
        {"type": "Unsqueeze", "inputIndexes": [0, 1], "outputIndexes": [2]},
        {"type": kind, "inputIndexes": [2, 1], "outputIndexes": [3]},
    ]
    module = load_file(SUPPORT / "mnn_stale.py")
    assert module.unsqueezes_input(json.dumps({"oplists": operators})) is stale
