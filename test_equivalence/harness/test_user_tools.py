"""What works with a user's own program speaks its language exactly, and says what is missing, wrong or broken.

The programs are stand-ins, which are nothing without the variable that these tests set.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnparity.discovery import Content
from nnparity.making import telling_words

HERE = Path(__file__).parent
STAND_INS = HERE / "stand_ins"
ROOT = HERE.parents[1]
VARIABLES = ("PPLNN_BIN", "TENGINE_HOME", "TNN_HOME", "TNN_PYTHON", "SNPE_ROOT", "SNPE_PYTHON", "TRTEXEC")
EXPLICIT = "onnx_explicit_from_onnx"
TENGINE = (EXPLICIT, "tengine_from_onnx", "tengine_cpu")
TNN = (EXPLICIT, "tnn_from_onnx", "tnn_cpu")
NAIVE = (EXPLICIT, "tnn_from_onnx", "tnn_naive")
PPL = ("ppl_nn_x86",)
SNPE = (EXPLICIT, "dlc_from_onnx_snpe", "snpe_cpu")
TRT = ("trtexec",)
SUM = [["Add", ["x", "z"], ["sum"], {}], ["Relu", ["sum"], ["y"], {}]]
RELU = [["Relu", ["x"], ["y"], {}]]
VALUES = np.array([[1.5, -2.25, 1e-30], [-0.0, 3.5e10, 0.1]], np.float32)
Answer = dict[str, Any]


@dataclass
class Bench:
    """Stand-ins in a folder of the test's own, and a child that runs components with them."""

    folder: Path
    interpreter: Path
    content: Content
    child: subprocess.Popen[str]
    variables: dict[str, str] = field(default_factory=dict)

    def program(self, place: str, stand_in: str) -> Path:
        """Write a program that is a stand-in."""
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (
            f"#!{self.interpreter}",
            "import runpy, sys",
            "called = sys.argv[0]",
            f"sys.path.insert(0, {str(STAND_INS)!r})",
            "import stand_in; stand_in.CALLED = called",
            f"runpy.run_path({str(STAND_INS / stand_in)!r}, run_name='__main__')",
        )
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def run(
        self,
        steps: tuple[str, ...],
        nodes: list[Any],
        inputs: Mapping[str, np.ndarray],
        *,
        opset: int = 13,
        fault: str = "right",
        outputs: Mapping[str, str] | None = None,
        open_batch: bool = False,
        by_hand: bool = False,
    ) -> Answer:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        request = {
            "variables": {
                **self.variables,
                "NNPARITY_STAND_IN": fault,
                "NNPARITY_STAND_IN_KEEPS": str(self.folder / "kept"),
            },
            "files": {step: str(self.content.components[step].file) for step in steps},
            "representations": {name: str(file) for name, file in self.content.representation_files.items()},
            "model": {"opset": opset, "nodes": nodes},
            "inputs": {name: [one.shape, one.dtype.name, one.tobytes().hex()] for name, one in inputs.items()},
            "outputs": dict(outputs or {"y": "float32"}),
            "open": open_batch,
            "by_hand": str(ROOT / "converters" / "by_hand" / "native_tools.py") if by_hand else "",
        }
        self.child.stdin.write(json.dumps(request) + "\n")
        self.child.stdin.flush()
        answer: Answer = json.loads(self.child.stdout.readline())
        return answer

    def kept(self, name: str) -> bytes:
        """Return what a stand-in was given under this name."""
        return (self.folder / "kept" / name).read_bytes()


@dataclass(frozen=True)
class Child:
    """A process that takes a model along a path, and the Python that runs it."""

    process: subprocess.Popen[str]
    interpreter: Path


@pytest.fixture(scope="module")
def child(interpreter: Callable[[str], Path]) -> Iterator[Child]:
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [str(interpreter("native_tools")), str(HERE / "children" / "user_tools.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env={**clean, "PYTHONPATH": str(ROOT)}, **pipes) as started:  # type: ignore[call-overload]
        yield Child(started, interpreter("native_tools"))
        started.stdin.close()


def compiled(source: Path, library: Path) -> None:
    compiler = shutil.which("gcc")
    assert compiler, "these tests compile a small library: install gcc with the system's packages"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the stand-in for Tengine's library, compiled."""
    made = tmp_path_factory.mktemp("library") / "libtengine-lite.so"
    compiled(STAND_INS / "tengine_lite.c", made)
    return made


@pytest.fixture
def bench(tmp_path: Path, child: Child, library: Path, content: Content, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on which everything is supplied."""
    made = Bench(tmp_path, child.interpreter, content, child.process)
    (tmp_path / "kept").mkdir()
    made.program("pplnn", "pplnn.py")
    made.program("tengine/build/tools/convert_tool/convert_tool", "convert_tool.py")
    (tmp_path / "tengine/build/source").mkdir()
    shutil.copy(library, tmp_path / "tengine/build/source/libtengine-lite.so")
    made.program("tnn/build/test/TNNTest", "tnntest.py")
    made.program("tnn/build/tools/model_check/model_check", "model_check.py")
    extension = tmp_path / "tnn/build/tools/onnx2tnn/onnx-converter"
    extension.mkdir(parents=True)
    shutil.copy(library, extension / "onnx2tnn.cpython-33-x86_64-linux-gnu.so")
    for name in ("onnx2tnn", "stand_in", "tiny_onnx"):
        shutil.copy(STAND_INS / f"{name}.py", extension)
    for name in ("snpe-onnx-to-dlc", "snpe-dlc-info", "snpe-net-run"):
        made.program(f"snpe/bin/x86_64-linux-clang/{name}", "snpe.py")
    made.program("trtexec", "trtexec.py")
    made.variables = {
        "SNPE_ROOT": str(tmp_path / "snpe"),
        "SNPE_PYTHON": str(made.interpreter),
        "TRTEXEC": str(tmp_path / "trtexec"),
        "PPLNN_BIN": str(tmp_path / "pplnn"),
        "TENGINE_HOME": str(tmp_path / "tengine"),
        "TNN_HOME": str(tmp_path / "tnn"),
        "TNN_PYTHON": str(made.interpreter),
    }
    for name in VARIABLES:
        monkeypatch.setenv(name, made.variables[name])
    return made


def outputs_of(answer: Answer) -> dict[str, np.ndarray]:
    assert "outputs" in answer, answer
    return {
        name: np.frombuffer(bytes.fromhex(content), dtype).reshape(shape)
        for name, (shape, dtype, content) in answer["outputs"].items()
    }


def same(answer: Answer, expected: np.ndarray, name: str = "y") -> None:
    found = outputs_of(answer)
    assert list(found) == [name]
    assert (found[name].dtype, found[name].shape) == (expected.dtype, expected.shape)
    assert found[name].tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("dtype", "fault"),
    [("float32", "right"), ("float16", "right"), ("float16", "newer"), ("float64", "right"), ("int64", "newer")],
)
def test_pplnn_is_given_raw_files_and_its_answer_is_read_to_the_bit(bench: Bench, dtype: str, fault: str) -> None:
    x = np.array([[1, -2, 3], [-4, 5, -6]], dtype)
    answer = bench.run(PPL, [["Neg", ["x"], ["y"], {}]], {"x": x}, outputs={"y": dtype}, fault=fault)
    same(answer, -x)
    assert bench.kept("in0") == x.tobytes()
    assert answer["operators"]["ppl_nn_x86"] == {"Add": 2, "pmx.Reorder": 1}


def test_pplnn_gets_inputs_in_the_models_order_and_other_batches(bench: Bench) -> None:
    inputs = {"z": VALUES, "x": VALUES * 2}
    answer = bench.run(PPL, [["Sub", ["x", "z"], ["y"], {}]], inputs, open_batch=True)
    same(answer, VALUES * 2 - VALUES)
    assert (bench.kept("in0"), bench.kept("in1")) == (VALUES.tobytes(), (VALUES * 2).tobytes())


def test_pplnn_built_without_a_profile_has_the_models_operators(bench: Bench) -> None:
    answer = bench.run(PPL, SUM, {"x": VALUES, "z": VALUES}, fault="no profile")
    assert answer["operators"]["ppl_nn_x86"] == {"Add": 1, "Relu": 1}


def test_tengine_runs_by_its_library_and_names_its_operators(bench: Bench) -> None:
    answer = bench.run(TENGINE, SUM, {"x": VALUES, "z": VALUES})
    same(answer, np.maximum(VALUES + VALUES, 0))
    assert answer["operators"]["tengine_from_onnx"] == {"Eltwise": 1, "ReLU": 1}
    assert bench.kept("command").decode().split("\n")[:3] == ["-f", "onnx", "-m"]


def test_converter_that_knows_no_defaults_is_given_them(bench: Bench) -> None:
    answer = bench.run(TENGINE, [["LeakyRelu", ["x"], ["y"], {}]], {"x": np.abs(VALUES)})
    same(answer, np.abs(VALUES))


@pytest.mark.parametrize(("steps", "device"), [(TNN, "X86"), (NAIVE, "NAIVE")])
def test_tnn_takes_one_input_by_its_test_program(bench: Bench, steps: tuple[str, ...], device: str) -> None:
    answer = bench.run(steps, RELU, {"x": VALUES})
    expected = np.array([[1.5, 0, 0], [0, 3.5e10, 0.1]], np.float32)
    same(answer, expected)
    numbers = bench.kept("in.txt").decode().split()
    assert np.array(numbers, np.float32).tobytes() == VALUES.tobytes()
    command = bench.kept("command").decode().split("\n")
    assert {f"-dt={device}", "-is=x[2,3]", "-it=0", "-th=1", "-pr=HIGH"} <= set(command)
    assert answer["operators"]["tnn_from_onnx"] == {"ReLU": 1}


def test_tnn_loses_what_its_text_has_no_digits_for(bench: Bench) -> None:
    found = outputs_of(bench.run(TNN, RELU, {"x": np.array([[4e-7, 6e-7]], np.float32)}))["y"]
    assert found.tolist() == [[0.0, np.float32(1e-6)]]


def test_tnn_takes_several_inputs_by_its_checker(bench: Bench) -> None:
    inputs = {"x": VALUES, "z": VALUES[:1] * 0 + 1}
    same(bench.run(TNN, [["Add", ["x", "z"], ["y"], {}]], inputs), np.round(VALUES + inputs["z"], 6))
    lines = bench.kept("in.txt").decode().splitlines()
    assert (lines[0], lines[1], lines[8]) == ("2", "x 2 2 3 0", "z 2 1 3 0")


def test_tnn_output_of_another_name_is_the_only_one_there_is(bench: Bench) -> None:
    same(bench.run(TNN, RELU, {"x": np.ones((1, 2), np.float32)}, fault="renamed"), np.ones((1, 2), np.float32))


def test_tnn_gives_and_takes_int32_as_such(bench: Bench) -> None:
    x = np.array([[2**31 - 1, -5]], np.int32)
    same(bench.run(TNN, [["Abs", ["x"], ["y"], {}]], {"x": x}, outputs={"y": "int32"}), np.abs(x))


def test_snpe_is_given_raw_files_and_its_table_is_read(bench: Bench) -> None:
    answer = bench.run(SNPE, SUM, {"x": VALUES, "z": VALUES})
    same(answer, np.maximum(VALUES + VALUES, 0))
    assert (bench.kept("x"), bench.kept("list")) == (VALUES.tobytes(), b"%y")
    assert answer["operators"]["dlc_from_onnx_snpe"] == {"Add": 1, "Relu": 1}


@pytest.mark.parametrize("open_batch", [False, True])
def test_trtexec_builds_an_engine_in_float32_and_gives_raw_files(bench: Bench, open_batch: bool) -> None:
    answer = bench.run(TRT, SUM, {"x": VALUES, "z": VALUES}, open_batch=open_batch)
    same(answer, np.maximum(VALUES + VALUES, 0))
    assert bench.kept("z") == VALUES.tobytes()
    assert answer["operators"]["trtexec"] == {"kgen": 2}
    shapes = {"--minShapes=x:1x3,z:1x3", "--optShapes=x:2x3,z:2x3", "--maxShapes=x:64x3,z:64x3"}
    assert shapes & set(bench.kept("build").decode().split("\n")) == (shapes if open_batch else set())


def test_older_trtexec_builds_by_its_own_option(bench: Bench) -> None:
    same(bench.run(TRT, RELU, {"x": VALUES}, fault="older"), np.maximum(VALUES, 0))
    assert "--buildOnly" in bench.kept("build").decode().split("\n")


RAISED = [
    (SNPE, "crash", "RuntimeError", "crashed (signal 11, SIGSEGV)"),
    (SNPE, "nothing", "RuntimeError", "snpe-onnx-to-dlc left no model.dlc, with code 0"),
    (SNPE, "cut off", "RuntimeError", "snpe-net-run wrote 12 bytes of y; it has the shape (2, 3)"),
    (TRT, "crash", "RuntimeError", "trtexec crashed (signal 11, SIGSEGV)"),
    (TRT, "nothing", "RuntimeError", "trtexec left no model.engine, with code 0"),
    (TRT, "cut off", "RuntimeError", "trtexec wrote 12 bytes of y; expected fp32 of [2, 3]"),
    (TRT, "no GPU", "NotHere", "trtexec finds no GPU that it can use"),
    (TRT, "another program", "NotHere", "trtexec names TensorRT when asked for help"),
    (PPL, "crash", "RuntimeError", "pplnn crashed (signal 11, SIGSEGV); its last words: "),
    (PPL, "failure", "RuntimeError", "pplnn ended with code 255; its last words: "),
    (PPL, "nothing", "RuntimeError", "expected ['y'] too"),
    (PPL, "no file", "RuntimeError", "pplnn left no pplnn_output-y.dat, with code 0"),
    (PPL, "cut off", "RuntimeError", "pplnn wrote 12 bytes of y; expected FLOAT32 of shape [2, 3]"),
    (PPL, "another program", "NotHere", "pplnn prints 'ppl.nn version:' for --version"),
    (TENGINE, "crash", "RuntimeError", "convert_tool crashed (signal 11, SIGSEGV)"),
    (TENGINE, "failure", "RuntimeError", "convert_tool ended with code 255; its last words: something broke"),
    (TENGINE, "nothing", "RuntimeError", "convert_tool left no model.tmfile, with code 0"),
    (TENGINE, "cut off", "RuntimeError", "create_graph cannot read model.tmfile"),
    (TENGINE, "no prerun", "RuntimeError", "prerun_graph_multithread failed"),
    (TENGINE, "short buffer", "RuntimeError", "output y has 12 bytes"),
    (TNN, "crash", "RuntimeError", "crashed (signal 11, SIGSEGV); its last words: about to crash"),
    (TNN, "failure", "RuntimeError", "ended with code 255; its last words: something broke"),
    (TNN, "nothing", "RuntimeError", "left no model.tnnproto, with code 0"),
    (TNN, "empty", "RuntimeError", "left empty model.tnnproto, with code 0"),
    (TNN, "no kernel", "Unsupported", "TNNTest: E/tnn: Error: not support layer type"),
]


@pytest.mark.parametrize(
    ("steps", "fault", "raised", "words"), RAISED, ids=[f"{one[0][-1]}-{one[1]}" for one in RAISED]
)
def test_failure_of_a_users_program_is_told_as_what_it_is(
    bench: Bench, steps: tuple[str, ...], fault: str, raised: str, words: str
) -> None:
    answer = bench.run(steps, RELU, {"x": VALUES}, fault=fault)
    assert answer.get("raised") == raised, answer
    assert words in answer["text"]


# Not those that only nnparity looks for, such as a file that is too short.
OF_THE_PROGRAM = ("crash", "failure", "empty", "no prerun", "short buffer")
BY_HAND = [
    (PPL, {}),
    (PPL, {"fault": "newer"}),
    (TENGINE, {}),
    (TNN, {}),
    (NAIVE, {}),
    (TNN, {"fault": "renamed"}),
    (SNPE, {}),
    (TRT, {}),
    (TRT, {"open_batch": True}),
]


@pytest.mark.parametrize("nodes", [RELU, SUM], ids=["one input", "several"])
@pytest.mark.parametrize(("steps", "options"), BY_HAND)
def test_what_is_done_by_hand_gives_the_same(
    bench: Bench, steps: tuple[str, ...], options: Mapping[str, Any], nodes: list[Any]
) -> None:
    inputs = dict.fromkeys(("x", "z")[: len(nodes)], VALUES)
    found = bench.run(steps, nodes, inputs, by_hand=True, **options)
    assert outputs_of(found)
    assert found["outputs"] == bench.run(steps, nodes, inputs, **options)["outputs"]


@pytest.mark.parametrize(("steps", "fault"), [(steps, fault) for steps, fault, *_ in RAISED if fault in OF_THE_PROGRAM])
def test_program_that_fails_by_hand_does_so_in_the_same_words(bench: Bench, steps: tuple[str, ...], fault: str) -> None:
    x = {"x": VALUES}
    said, expected = (bench.run(steps, RELU, x, fault=fault, by_hand=by_hand) for by_hand in (True, False))
    assert "raised" in said, said
    told = " ".join(said["text"].split())
    assert all(words in told for words in telling_words(expected["text"])), (said["text"], expected["text"])


def test_crash_of_a_users_library_ends_the_worker(bench: Bench) -> None:
    assert bench.run(TENGINE, RELU, {"x": VALUES}, fault="crash in run") == {"died": 6}


REFUSED = [
    (SNPE, [["Erf", ["x"], ["y"], {}]], {}, "ERROR_OP_UNSUPPORTED: Erf"),
    (TRT, [["Erf", ["x"], ["y"], {}]], {}, "No importer registered for op: Erf"),
    (SNPE, RELU, {"open_batch": True}, "a DLC has fixed shapes; left open: batch"),
    (PPL, [["Relu", ["x"], ["y"], {}]], {"opset": 17}, "pplnn: parse graph failed: unsupported"),
    (TENGINE, [["Erf", ["x"], ["y"], {}]], {}, "convert_tool: These 1 op are not supported { Erf }"),
    (TNN, [["Erf", ["x"], ["y"], {}]], {}, "error::op convert failed onnx:Erf"),
    (TENGINE, RELU, {"open_batch": True}, "Tengine's files have fixed shapes; left open: batch"),
    (TNN, RELU, {"open_batch": True}, "TNN's files have fixed shapes; left open: batch"),
]


@pytest.mark.parametrize(("steps", "nodes", "options", "words"), REFUSED)
def test_what_a_users_program_declines_is_unsupported_in_its_words(
    bench: Bench, steps: tuple[str, ...], nodes: list[Any], options: Mapping[str, Any], words: str
) -> None:
    answer = bench.run(steps, nodes, {"x": VALUES}, **options)
    assert answer.get("raised") == "Unsupported", answer
    assert words in answer["text"]


@pytest.mark.parametrize("steps", [TENGINE, TNN])
def test_dtype_of_an_output_that_a_users_program_has_no_form_for_is_unsupported(
    bench: Bench, steps: tuple[str, ...]
) -> None:
    cast = [["Cast", ["x"], ["y"], {"to": 7}]]
    answer = bench.run(steps, cast, {"x": VALUES}, outputs={"y": "int64"})
    assert (answer["raised"], answer["at"], "int64" in answer["text"]) == ("Unsupported", steps[1], True)


@pytest.mark.parametrize("steps", [TENGINE, TNN, SNPE])
def test_dtype_that_a_users_program_has_no_form_for_is_unsupported(bench: Bench, steps: tuple[str, ...]) -> None:
    answer = bench.run(steps, [["Abs", ["x"], ["y"], {}]], {"x": np.array([1])}, outputs={"y": "int64"})
    assert (answer["raised"], "int64" in answer["text"]) == ("Unsupported", True)


def test_number_that_text_cannot_hold_is_unsupported(bench: Bench) -> None:
    answer = bench.run(TNN, RELU, {"x": np.array([np.nan, 1], np.float32)})
    assert (answer["raised"], answer["at"]) == ("Unsupported", "tnn_cpu")


def test_pplnn_declines_no_rows_in_its_older_form_only(bench: Bench) -> None:
    x = np.zeros((0, 3), np.float32)
    assert bench.run(PPL, RELU, {"x": x})["raised"] == "Unsupported"
    same(bench.run(PPL, RELU, {"x": x}, fault="newer"), x)


NEEDED = {
    "ppl_nn_x86": "PPLNN_BIN",
    "tengine_from_onnx": "TENGINE_HOME",
    "tengine_cpu": "TENGINE_HOME",
    "tnn_from_onnx": "TNN_HOME",
    "tnn_cpu": "TNN_HOME",
    "tnn_naive": "TNN_HOME",
    "dlc_from_onnx_snpe": "SNPE_ROOT",
    "snpe_cpu": "SNPE_ROOT",
    "trtexec": "TRTEXEC",
}


@pytest.mark.parametrize(("component", "variable"), NEEDED.items())
def test_component_says_what_to_supply_until_it_is_there(
    bench: Bench, component: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = bench.content.components[component].kind
    assert (kind.missing(), kind.supplied() != "") == ("", True)
    monkeypatch.setenv(variable, str(bench.folder / "no such place"))
    assert kind.missing().startswith(f"{variable}={bench.folder}/no such place: not found there")
    monkeypatch.delenv(variable)
    assert kind.missing().startswith(f"set {variable} to the ")
    assert "docs/your_own_runtimes.md" in kind.missing()
    assert kind.supplied() == ""


WRONG_KIND = [
    (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xf3\x00", 0o755, "it is made for machine 243, and this is "),
    (b"MZ" + bytes(30), 0o755, "it is no program: it starts with b'MZ"),
    (b"#!/bin/sh\n", 0o644, "it may not be executed; chmod +x "),
]


@pytest.mark.parametrize(("header", "mode", "words"), WRONG_KIND, ids=["other machine", "no program", "not executable"])
def test_file_of_the_wrong_kind_is_refused_before_it_is_called(
    bench: Bench, header: bytes, mode: int, words: str
) -> None:
    (bench.folder / "pplnn").write_bytes(header)
    (bench.folder / "pplnn").chmod(mode)
    assert words in bench.content.components["ppl_nn_x86"].kind.missing()
    answer = bench.run(PPL, RELU, {"x": VALUES})
    assert (answer["raised"], words in answer["text"]) == ("NotHere", True)


def test_library_of_something_else_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text("int other(void) { return 0; }\n", encoding="utf-8")
    library = tmp_path / "tengine/build/source/libtengine-lite.so"
    compiled(tmp_path / "other.c", library)
    answer = bench.run(TENGINE, RELU, {"x": VALUES})
    assert (answer["raised"], "is not Tengine's library: " in answer["text"]) == ("NotHere", True)
    library.write_bytes(b"#!/bin/sh\n")
    assert "it is no shared library" in bench.content.components["tengine_cpu"].kind.missing()


def test_extension_for_another_python_says_which_to_set(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = bench.content.components["tnn_from_onnx"].kind
    monkeypatch.delenv("TNN_PYTHON")
    assert "set TNN_PYTHON to the Python that onnx2tnn.cpython-33-x86_64-linux-gnu.so was built for" in kind.missing()
    (bench.folder / "tnn/build/tools/onnx2tnn/onnx-converter/onnx2tnn.py").unlink()
    answer = bench.run(TNN, RELU, {"x": VALUES})
    assert (answer["raised"], "set TNN_PYTHON" in answer["text"]) == ("NotHere", True)


def test_another_version_of_a_program_is_another_supply(bench: Bench) -> None:
    kind = bench.content.components["ppl_nn_x86"].kind
    before = kind.supplied()
    with (bench.folder / "pplnn").open("a", encoding="utf-8") as file:
        file.write("# newer\n")
    assert kind.supplied() != before


@pytest.mark.parametrize("name", ["pplnn", "tengine/build/tools/convert_tool/convert_tool", "tnn/build/test/TNNTest"])
def test_stand_in_is_nothing_outside_these_tests(bench: Bench, name: str) -> None:
    ran = subprocess.run([bench.folder / name, "--version"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (97, "")
    assert "in nnparity's own tests" in ran.stderr
