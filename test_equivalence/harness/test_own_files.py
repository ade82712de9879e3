"""Real files of a user's: read in the worker, held to themselves, and not read where reading would be unsafe."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache
from nnparity.cli import main
from nnparity.contracts import Wanted
from nnparity.discovery import Content
from nnparity.environments import Environments
from nnparity.given import ReadModel
from nnparity.outcome import Verdict
from nnparity.remote import CallFailed
from nnparity.store import read_results

TORCH_FILES = """
import os
import torch
from torch import nn

class Hostile:
    def __reduce__(self):
        return open, (os.path.abspath("ran.txt"), "w")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.last = nn.Embedding(7, 4), nn.Linear(4, 2)
        self.register_buffer("drawn", torch.randn(4), persistent=False)

    def forward(self, input_ids, attention_mask=None, unused=None):
        hidden = self.table(input_ids) + self.drawn
        if attention_mask is not None:
            hidden = hidden * attention_mask[..., None]
        return {"scores": self.last(hidden), "hidden": hidden}

ready = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
number = 3

if __name__ == "__main__":
    torch.jit.save(torch.jit.trace(ready.eval(), torch.zeros(2, 3)), "traced.pt")
    torch.save(ready, "pickled.pt")
    torch.save(ready.state_dict(), "weights.pt")
    torch.save(Hostile(), "hostile.pt")
"""
ONNX_FILES = """
import os
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

def write(file, location):
    table = numpy_helper.from_array(np.ones((6, 2), np.float32), "table")
    if location:
        table.ClearField("raw_data")
        table.data_location = TensorProto.EXTERNAL
        table.external_data.add(key="location", value=location)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 2])
    nodes = [helper.make_node("Identity", ["ids"], ["same"]), helper.make_node("Gather", ["table", "same"], ["y"])]
    graph = helper.make_graph(nodes, "g", [ids], [y], [table])
    opset = [helper.make_opsetid("", 17)]
    with open(file, "wb") as stream:
        stream.write(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())

data = np.ones(12, np.float32).tobytes()
open("beside.data", "wb").write(data)
os.makedirs("inner", exist_ok=True)
open("inner/secret", "wb").write(data)
os.symlink("/etc/hostname", "link.data")
write("whole.onnx", "")
write("beside.onnx", "beside.data")
write("inner/up.onnx", "../beside.data")
write("absolute.onnx", os.path.abspath("beside.data"))
write("link.onnx", "link.data")
write("gone.onnx", "gone.data")
open("noise.onnx", "wb").write(bytes(range(256)))
open("empty.onnx", "wb")
"""
TFLITE_FILE = """
import flatbuffers, numpy as np
from ai_edge_litert import schema_py_generated as s

def tensor(name, shape, buffer):
    made = s.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, s.TensorType.FLOAT32, buffer
    return made

model, graph, code, node = s.ModelT(), s.SubGraphT(), s.OperatorCodeT(), s.OperatorT()
code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.ADD
constant, empty = s.BufferT(), s.BufferT()
constant.data = np.frombuffer(np.float32([1, 2, 3]).tobytes(), np.uint8)
node.opcodeIndex, node.inputs, node.outputs = 0, [0, 1], [2]
node.builtinOptionsType, node.builtinOptions = s.BuiltinOptions.AddOptions, s.AddOptionsT()
graph.tensors = [tensor("x", [2, 3], 0), tensor("c", [3], 1), tensor("y", [2, 3], 0)]
graph.inputs, graph.outputs, graph.operators = [0], [2], [node]
model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [empty, constant]
builder = flatbuffers.Builder(0)
builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
open("unsigned.tflite", "wb").write(builder.Output())
open("noise.tflite", "wb").write(bytes(range(256)))
"""
Read = Callable[..., ReadModel]


@pytest.fixture(scope="module")
def files(environments: Environments, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the user's, with model files of every kind, good and bad."""
    folder = tmp_path_factory.mktemp("files")
    scripts = {"torch": TORCH_FILES, "onnx": ONNX_FILES, "litert": TFLITE_FILE}
    assert environments.build_all(scripts, print) == {}
    for name, text in scripts.items():
        script = folder / f"{name}_files.py"
        script.write_text(text, encoding="utf-8")
        python = environments.build(name).interpreter
        subprocess.run([python, "-W", "ignore", script.name], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def read(
    content: Content, environments: Environments, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Read]:
    """Yield f(start, file, options of Wanted) -> what the start reads, in the worker."""
    with Bench(content, environments, ArtifactCache(tmp_path_factory.mktemp("cache"))) as bench:
        yield lambda start, file, **options: bench.read_given(
            content.starts[start], Wanted(path=str(files / file), **options)
        )


@pytest.mark.parametrize(
    ("start", "file", "options", "refusal"),
    [
        ("onnx_file", "inner/up.onnx", {}, ("Refused", "not a place in the model's own folder")),
        ("onnx_file", "absolute.onnx", {}, ("Refused", "not a place in the model's own folder")),
        ("onnx_file", "link.onnx", {}, ("Refused", "a link to elsewhere")),
        ("onnx_file", "gone.onnx", {}, ("Refused", "no such file")),
        ("onnx_file", "noise.onnx", {}, ("Refused", "it is no ONNX file")),
        ("onnx_file", "empty.onnx", {}, ("Refused", "it holds no graph")),
        ("onnx_file", "whole.onnx", {"nodes": 1}, ("Refused", "--max-nodes 2 reads it")),
        ("onnx_file", "beside.onnx", {"megabytes": 0}, ("Refused", "--max-megabytes 1 reads it")),
        ("torch_module", "pickled.pt", {}, ("Refused", "--trust reads a pickled module")),
        ("torch_module", "weights.pt", {"trust": True}, ("Refused", "weights without a model")),
        ("torch_module", "traced.pt", {}, ("NotMine", "TorchScript")),
        ("torchscript_file", "pickled.pt", {}, ("NotMine", "no archive")),
        ("torchscript_file", "traced.pt", {}, ("Refused", "--shape input=SIZES")),
        ("torch_module", "torch_files.py", {"member": "Nut"}, ("Refused", "has no Nut; there are: ")),
        ("torch_module", "torch_files.py", {"member": "number"}, ("Refused", "expected a model, its class")),
        ("torch_module", "torch_files.py", {"member": "Net"}, ("Refused", "--shape input_ids=SIZES")),
        ("tflite_file", "noise.tflite", {}, ("Refused", "it is no TFLite file")),
    ],
)
def test_what_must_not_or_cannot_be_read_is_refused_in_words(
    read: Read, start: str, file: str, options: dict[str, object], refusal: tuple[str, str]
) -> None:
    cause, said = refusal
    with pytest.raises(CallFailed) as raised:
        read(start, file, **options)
    assert raised.value.cause == cause
    assert said in raised.value.detail


def test_onnx_file_says_its_inputs_and_the_rows_of_the_table_they_index(read: Read) -> None:
    whole, beside = read("onnx_file", "whole.onnx"), read("onnx_file", "beside.onnx")
    (spec,) = whole.inputs
    assert (spec.name, spec.dtype, spec.shape) == ("ids", "int64", ("n", 3))
    assert whole.bounds == {"ids": 6}
    assert whole.outputs == ("y",)
    assert whole.key != beside.key
    assert read("onnx_file", "whole.onnx", dtype="float64").dtype == "float64"
    closed = read("onnx_file", "whole.onnx", closed=True, shapes={"ids": (4, 3)})
    assert closed.inputs[0].shape == (4, 3)


def test_module_is_read_with_its_own_names_and_the_same_weights_every_time(read: Read) -> None:
    shapes = {"input_ids": ("n", 5), "attention_mask": ("n", 5)}
    first = read("torch_module", "torch_files.py", member="Net", shapes=shapes)
    assert [(spec.name, spec.dtype) for spec in first.inputs] == [("input_ids", "int64"), ("attention_mask", "int64")]
    assert first.outputs == ("scores", "hidden")
    assert first.bounds["input_ids"] == 7
    assert first.key == read("torch_module", "torch_files.py", member="Net", shapes=shapes).key
    assert read("torch_module", "pickled.pt", trust=True, shapes={"input": (2, 3)}).outputs == ("output",)


def test_torchscript_and_tflite_without_a_signature_are_read(read: Read) -> None:
    traced = read("torchscript_file", "traced.pt", shapes={"input": (2, 3)})
    assert [spec.name for spec in traced.inputs] == ["input"]
    unsigned = read("tflite_file", "unsigned.tflite")
    assert [(spec.name, spec.shape) for spec in unsigned.inputs] == [("x", (2, 3))]
    assert unsigned.outputs == ("y",)


@pytest.mark.parametrize("start", ["torch_module", "torchscript_file"])
def test_pickle_that_is_not_trusted_is_not_unpickled(read: Read, files: Path, start: str) -> None:
    with pytest.raises(CallFailed):
        read(start, "hostile.pt")
    assert not (files / "ran.txt").exists()


@pytest.mark.parametrize(("start", "file"), [("onnx_file", "whole.onnx"), ("tflite_file", "unsigned.tflite")])
def test_weights_are_moved_where_float64_is_not_to_be_had(read: Read, start: str, file: str) -> None:
    keys = {read(start, file, moved=seed).key for seed in (0, 1, 2)}
    assert len(keys) == 3
    assert read(start, file, moved=1).key in keys


def test_nothing_is_written_beside_the_users_file(read: Read, files: Path) -> None:
    read("torch_module", "torch_files.py", member="ready", shapes={"input": (2, 3)})
    assert not (files / "__pycache__").exists()


KERAS_FILE = """
import keras

def net():
    image = keras.Input((4, 4, 2), name="image")
    return keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(image)))
"""


@pytest.mark.parametrize(
    ("target", "options", "measured"),
    [
        (
            "torch_files.py:Net",
            ("--shape", "input_ids=2,5", "--shape", "attention_mask=2,5", "--to", "*_legacy>onnxruntime_cpu"),
            "in float64, run by torch_eager",
        ),
        ("unsigned.tflite", ("--to", "litert_xnnpack"), "in float32, run by litert_builtin"),
        ("keras_file.py:net", ("--to", "tensorflow_function"), "in float64, run by tensorflow_eager"),
    ],
)
def test_own_model_matches_itself_elsewhere(
    files: Path, tmp_path: Path, target: str, options: tuple[str, ...], measured: str
) -> None:
    (files / "keras_file.py").write_text(KERAS_FILE, encoding="utf-8")
    ended = CliRunner().invoke(main, ["check", f"{files}/{target}", *options, "--out", str(tmp_path)])
    assert ended.exit_code == 0, ended.output
    assert measured in ended.output
    outcomes = read_results(tmp_path / "results.jsonl").outcomes
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}
    assert 0 <= max(outcome.error_over_budget for outcome in outcomes) < 0.5
