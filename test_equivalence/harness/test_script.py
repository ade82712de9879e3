"""A script says what it is told to say in 60 lines, whatever words and numbers it is given, and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import ml_dtypes  # noqa: F401 NumPy knows bfloat16 from it
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnparity.paste import CannotPaste, Pasted, bare
from nnparity.script import (
    CHECK,
    FILE,
    MOST_LINES,
    OTHERWISE,
    Answer,
    Failing,
    Part,
    Script,
    Shows,
    TooLong,
    agreed,
    comment,
    folded,
    literal,
    write_script,
)  # fmt: skip

HOSTILE = (
    "harmless",
    '"""\nimport os; os.abort()\n"""',
    "a\rimport os; os.abort()",
    "x\x0bimport os\x0cimport os\x1cimport os\x85import os\u2028import os",
    "// /// script\n# dependencies = ['evil']\n# ///",
    "\\",
    "'; import os; os.abort(); '",
    "\x00\x1b[2J",
    "\ud800",
    "word " * 400,
)
CALLS = {
    "right": "return {'y': np.array([2.0], 'float32')}",
    "wrong": "return {'y': np.array([2.5], 'float32')}",
    "nan": "return {'y': np.array([np.nan], 'float32')}",
    "shape": "return {'y': np.array([[2.0]], 'float32')}",
    "dtype": "return {'y': np.array([2.0], 'float64')}",
    "nothing": "return {}",
    "raises": "raise ValueError('the axis is beyond the rank')",
    "other": "raise ValueError('something else')",
    "leaves": "sys.exit(1)",
    "missing": "import module_that_nobody_has",
    "dies": "os.abort()",
    "sleeps": "import time; time.sleep(60)",
    "grows": "import time; kept = np.ones(2**25); time.sleep(60)",
    "through": "pass",
}


def part(*calls: str, name: str = "host", packages: Sequence[str] = ("numpy==2.4.6",), python: str = "3.11") -> Part:
    return Part(name, python, tuple(packages), {}, calls)


def failing(*calls: str, shows: Shows = Shows.OUTPUTS, said: Sequence[str] = ("it is wrong",)) -> Failing:
    return Failing(
        shows=shows,
        said=said,
        parts=[part(*calls)],
        code=Pasted(imports=["import subprocess"]),
        layer=Pasted(),
        folders=[],
        constants={},
        expected={"y": Answer("float32", (np.array([2.0]),), np.array([1e-6]))} if shows is Shows.OUTPUTS else {},
        words=("the axis is beyond",) if shows is Shows.ERROR else (),
        code_of_death=-6,
        seconds=4.0,
        memory=2**27,
    )


def ended(script: Script, folder: Path, *arguments: str) -> int:
    (folder / FILE).write_text(script.text, encoding="utf-8")
    if script.arrays:
        np.savez(folder / "data.npz", allow_pickle=False, **script.arrays)
    for name, text in script.modules.items():
        (folder / name).write_text(text, encoding="utf-8")
    ran = subprocess.run([sys.executable, folder / FILE, *arguments], capture_output=True, check=False, timeout=60)
    return ran.returncode


@pytest.mark.parametrize(
    ("shows", "call", "code"),
    [
        (Shows.OUTPUTS, "right", 0),
        (Shows.OUTPUTS, "wrong", 1),
        (Shows.OUTPUTS, "nan", 1),
        (Shows.OUTPUTS, "shape", 1),
        (Shows.OUTPUTS, "dtype", 1),
        (Shows.OUTPUTS, "nothing", OTHERWISE),
        (Shows.OUTPUTS, "raises", OTHERWISE),
        (Shows.OUTPUTS, "leaves", OTHERWISE),
        (Shows.OUTPUTS, "missing", OTHERWISE),
        (Shows.ERROR, "raises", 1),
        (Shows.ERROR, "other", OTHERWISE),
        (Shows.ERROR, "missing", OTHERWISE),
        (Shows.ERROR, "through", 0),
        (Shows.DEATH, "dies", 1),
        (Shows.DEATH, "through", 0),
        (Shows.DEATH, "raises", OTHERWISE),
        (Shows.SILENCE, "sleeps", 1),
        (Shows.SILENCE, "through", 0),
        (Shows.SILENCE, "raises", OTHERWISE),
        (Shows.MEMORY, "grows", 1),
        (Shows.MEMORY, "through", 0),
        (Shows.MEMORY, "raises", OTHERWISE),
    ],
)
def test_exit_code_says_what_was_seen_and_nothing_else_passes_for_it(
    shows: Shows, call: str, code: int, tmp_path: Path
) -> None:
    assert ended(write_script(failing(CALLS[call], shows=shows)), tmp_path) == code


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_code(text: str) -> None:
    plain, hostile = (write_script(failing(CALLS["right"], said=[said])).text for said in ("harmless", text))
    assert ast.dump(ast.parse(hostile)) == ast.dump(ast.parse(plain))
    assert hostile.count("# /// script") == 1
    assert hostile.count("# ///\n") == 1


@given(st.text() | st.sampled_from(HOSTILE))
@example("# -*- coding: utf-7 -*-")
def test_comment_is_comment_on_every_line(text: str) -> None:
    lines = comment(text)
    assert all(line.startswith("# ") and len(line.splitlines()) == 1 for line in lines)
    assert all("///" not in line for line in lines)
    assert ast.dump(ast.parse("\n".join(["#", *lines, "x = 1"]))) == ast.dump(ast.parse("x = 1"))


@given(st.text() | st.sampled_from(HOSTILE))
def test_words_of_an_exception_stay_a_literal(text: str) -> None:
    lines = folded(f"WORDS = {literal([text, {text: text}])}")
    assert ast.literal_eval(" ".join(lines).partition("= ")[2]) == [text, {text: text}]
    assert all(line.isascii() for line in lines)


DTYPES = st.sampled_from(["float16", "float32", "float64", "int64", "int32", "uint8", "bool"]).map(np.dtype)


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
@example(np.array([-0.0, np.nan, -np.inf, np.finfo(np.float32).smallest_subnormal, 0.1], np.float32))
@example(np.array([[-0.0, 1e-40], [np.inf, 3.0]]).astype("bfloat16"))
def test_array_comes_back_bit_by_bit(array: np.ndarray) -> None:
    scope = {"np": np, "nan": np.nan, "inf": np.inf}
    back = eval("".join(folded(f"{literal(array)}")), scope)  # noqa: S307 it is what the script does with it
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    if array.dtype.kind not in "iub":
        wide = [np.signbit(one.astype(np.float64)) for one in (back, array)]
        same = ~np.isnan(array.astype(np.float64))
        np.testing.assert_array_equal(wide[0][same], wide[1][same])


def far_off(got: object, *answers: object, allowed: float = 0.0, dtype: str = "float32") -> bool:
    arrays = [np.asarray(one) for one in answers]
    scope = {"np": np, "EXPECTED": {"y": [dtype, np.full(arrays[0].shape, allowed), *arrays]}}
    exec("\n".join(CHECK), scope)  # noqa: S102 it is what the script does with it
    with np.errstate(all="ignore"):
        return bool(scope["far_off"]({"y": np.asarray(got, dtype)}))  # type: ignore[operator]


def test_check_sees_what_is_off_and_only_that() -> None:
    assert not far_off([1.0, 2.0], [1.0, 2.0])
    assert not far_off([1.0, 2.05], [1.0, 2.0], allowed=0.1)
    assert far_off([1.0, 2.2], [1.0, 2.0], allowed=0.1)
    assert far_off([1.0, np.nan], [1.0, 2.0], allowed=0.1)
    assert far_off([1.0, np.inf], [1.0, 2.0], allowed=0.1)
    assert far_off([1.0, -np.inf], [1.0, np.inf], allowed=0.1)
    assert far_off([1.0, 2.0], [1.0, np.nan], allowed=0.1)
    assert not far_off([np.nan, np.inf], [np.nan, np.inf])
    assert not far_off([np.inf], [1.0], [np.inf])
    assert far_off([np.nan], [1.0], [np.inf])
    assert not far_off([3], [2], [3], dtype="int64")
    assert far_off([4], [2], [3], dtype="int64")
    assert not far_off([True], np.array([1]), dtype="bool")
    assert far_off([True], np.array([0]), dtype="bool")
    assert not far_off(np.zeros((0, 2)), np.zeros((0, 2)))
    assert far_off(np.zeros((0, 3)), np.zeros((0, 2)))


def layer_of(lines: int) -> Pasted:
    body = "\n".join(f"    x{number} = {number}" for number in range(lines))
    return Pasted(parts=[f"def build(config, weights):\n{body}\n    return x0"], taken={"build": Path("layer.py")})


def test_layer_that_is_too_long_lies_beside_the_script(tmp_path: Path) -> None:
    short = replace(failing("model = build(0, 0)", CALLS["wrong"]), layer=layer_of(3))
    long = replace(short, layer=layer_of(50))
    scripts = [write_script(short), write_script(long)]
    assert [list(one.modules) for one in scripts] == [[], ["layer.py"]]
    assert all(one.lines <= MOST_LINES for one in scripts)
    assert "layer.py" in "".join(scripts[1].text.splitlines()[:12])
    assert [ended(one, tmp_path) for one in scripts] == [1, 1]


def test_large_arrays_lie_beside_the_script(tmp_path: Path) -> None:
    inputs = {"x": np.arange(5000, dtype=np.float32), "half": np.arange(500).astype("bfloat16")}
    call = "return {'y': INPUTS['x'][2:3] + float(INPUTS['half'][1]) / 2 + (INPUTS['half'].dtype.name != 'bfloat16')}"
    script = write_script(replace(failing(call), constants={"INPUTS": inputs}))
    assert "data.npz" in "".join(script.text.splitlines()[:12])
    assert ended(script, tmp_path) == 1
    assert ended(script, tmp_path) == 1
    right = write_script(replace(failing(call.replace("/ 2", "* 0")), constants={"INPUTS": inputs}))
    assert ended(right, tmp_path) == 0


def test_what_is_done_by_hand_at_length_lies_beside_the_script(tmp_path: Path) -> None:
    script = write_script(replace(failing("build(0, 0)", CALLS["wrong"]), code=layer_of(80)))
    assert list(script.modules) == ["steps.py"]
    assert "steps.py" in "".join(script.text.splitlines()[:12])
    assert ended(script, tmp_path) == 1


def test_more_calls_than_there_are_lines_are_refused() -> None:
    with pytest.raises(TooLong, match="60 are allowed"):
        write_script(failing(*["x = 1"] * 60))


def test_parts_whose_pins_agree_share_one_metadata() -> None:
    one, other = part(), part(name="other", packages=("NumPy==2.4.6", "onnx==1.0"))
    assert agreed([one, other]) == ("numpy==2.4.6", "onnx==1.0")
    assert agreed([one, replace(other, packages=("numpy==2.3",))]) is None
    assert agreed([one, replace(other, python="3.10")]) is None


def test_parts_run_one_after_the_other_or_all_at_once(tmp_path: Path) -> None:
    first = part("(HERE / 'kept').write_text('2.5')")
    second = part("return {'y': np.array([float((HERE / 'kept').read_text())], 'float32')}", python="3.12")
    script = write_script(replace(failing(), parts=[first, second]))
    assert "# /// script" not in script.text
    assert "--python 3.12 --with numpy==2.4.6 reproduce.py 2" in script.text
    assert ended(script, tmp_path, "2") == OTHERWISE
    assert [ended(script, tmp_path, "1"), ended(script, tmp_path, "2")] == [0, 1]
    (tmp_path / "kept").unlink()
    assert ended(script, tmp_path) == 1


def test_pasted_code_does_what_the_file_does(tmp_path: Path) -> None:
    file = tmp_path / "content.py"
    file.write_text(
        '"""A file."""\n\nfrom __future__ import annotations\n\nimport math\nfrom typing import Any\n\n'
        "from nnparity import strategies as st\nfrom nnparity.contracts import Arrays\n\nSCALE: float = 2.0\n\n\n"
        "def weights(config: Any) -> Arrays:\n    return 1 / 0\n\n\n"
        "def helper(x: float, *, y: int = 3) -> dict[str, list[int]]:\n"
        '    """Say something."""\n    pad: list[int] = st.same_padding(x)\n'
        '    return {"a": pad, "b": math.floor(SCALE) + y}\n\n\n'
        "def build(config: Any, weights: Arrays) -> Any:\n    # why\n    return helper(config)\n",
        encoding="utf-8",
    )
    pasted = Pasted()
    pasted.take(file, "build")
    text = "\n".join([*pasted.imports, *pasted.parts])
    assert "def weights" not in text
    assert "nnparity" not in text
    assert "Say something" not in text
    scope: dict[str, object] = {}
    exec(text, scope)  # noqa: S102 it is what a script does with it
    window = {"kernel": [3], "stride": [1], "dilation": [1], "size": [5]}
    assert scope["build"](window, None) == {"a": [1, 1], "b": 5}  # type: ignore[operator]


@pytest.mark.parametrize(
    "source", ["def build():\n    return __file__", "from nnparity.dtypes import limits as of\ndef build():\n    of(1)"]
)
def test_what_cannot_be_pasted_is_said(source: str, tmp_path: Path) -> None:
    file = tmp_path / "content.py"
    file.write_text(source, encoding="utf-8")
    with pytest.raises(CannotPaste):
        Pasted().take(file, "build")


def test_bare_code_keeps_its_meaning() -> None:
    text = 'class A:\n    """Doc."""\n\n    x: int = 1\n    y: str\n\n'
    text += '    def f(self, é: "int", *a: int) -> int:\n        return 1\n'
    assert bare(text) == "class A:\n    x = 1\n    def f(self, é, *a):\n        return 1"
