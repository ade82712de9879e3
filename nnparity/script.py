"""Writes a script of at most 60 lines that shows one failure by its exit code, without nnparity."""

from __future__ import annotations

import ast
import enum
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nnparity.dtypes import BFLOAT16, DISTRIBUTION, is_float, widened
from nnparity.escape import visible
from nnparity.paste import Pasted

FILE, DATA, LAYER, STEPS = "reproduce.py", "data.npz", "layer.py", "steps.py"
MOST_LINES, WIDTH = 60, 120
SHOWN, NOT_SHOWN, OTHERWISE = 1, 0, 3
INLINE_ELEMENTS = 400


class Shows(enum.Enum):
    """By what a failure shows itself."""

    OUTPUTS = "outputs that are not what they should be"
    ERROR = "an exception"
    DEATH = "the end of the process"
    SILENCE = "no answer in time"
    MEMORY = "more memory than it may take"


@dataclass(frozen=True)
class Part:
    """What one environment does. python: "3.11". packages: "name==version". calls: statements, the last may return.

    npm: packages for Node.js, "name@version", that must lie beside the script.
    """

    name: str
    python: str
    packages: tuple[str, ...]
    variables: Mapping[str, str]
    calls: tuple[str, ...]
    npm: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What one output must be. answers: right answers, more than one where several are right for some element.

    dtype: its name. allowed: how far an element may be from the first answer, or from another that is finite.
    """

    dtype: str
    answers: tuple[np.ndarray, ...]
    allowed: np.ndarray


@dataclass(frozen=True)
class Failing:
    """One failure, and how it comes about. said: sentences for a reader, from anywhere, so not to be trusted.

    code: what the calls use. layer: what builds the model, if the script does. folders: that the calls write to.
    constants: values by the name that the calls know them by: arrays by name, or JSON. words: of the exception.
    code_of_death: exit code of the process, negative for a signal. seconds: after which silence is silence.
    memory: bytes that the process may hold.
    begins_with: the folder beside the script that holds the model it begins with, "" if it builds that.
    """

    shows: Shows
    said: Sequence[str]
    parts: Sequence[Part]
    code: Pasted
    layer: Pasted
    folders: Sequence[str]
    constants: Mapping[str, Any]
    expected: Mapping[str, Answer]
    words: Sequence[str] = ()
    code_of_death: int = 0
    seconds: float = 0.0
    memory: int = 0
    begins_with: str = ""


@dataclass(frozen=True)
class Script:
    """The text of the script, and what lies beside it: arrays of an .npz file, the texts of other files by name."""

    text: str
    arrays: Mapping[str, np.ndarray]
    modules: Mapping[str, str]

    @property
    def lines(self) -> int:
        return self.text.count("\n")


class TooLong(Exception):
    """The script cannot be said in so few lines."""


def write_script(failing: Failing) -> Script:
    """Return the script: all in one file if that is short enough, else with arrays, layer or steps beside it.

    Raises TooLong, and ValueError if the script is no Python, which would be a fault of what was pasted.
    """
    small = sum(array.size for array in _arrays(failing).values()) <= INLINE_ELEMENTS
    for beside in ((), (LAYER,), (STEPS,), (LAYER, STEPS)):
        if LAYER in beside and not failing.layer.parts:
            continue
        for data_beside, blank in product((False, True) if small else (True,), (1, 0)):
            script = _Writer(failing, beside=beside, data_beside=data_beside, blank=blank).script()
            if script.lines <= MOST_LINES:
                ast.parse(script.text)
                return script
    raise TooLong(f"it takes {script.lines} lines with all but the calls beside it; {MOST_LINES} are allowed")


def agreed(parts: Sequence[Part]) -> tuple[str, ...] | None:
    """Return the packages of all parts together, or None if two of them ask for different versions, or Pythons."""
    found: dict[str, tuple[str, str]] = {}
    for package in dict.fromkeys(package for part in parts for package in part.packages):
        asked = Requirement(package)
        name, versions = canonicalize_name(asked.name), str(asked.specifier)
        if found.setdefault(name, (versions, package))[0] != versions:
            return None
    return tuple(package for _, package in found.values()) if len({part.python for part in parts}) == 1 else None


def comment(text: str) -> list[str]:
    """Return the text as lines of comment, whatever is in it: one line end of its own would be code."""
    # Three slashes alone begin and end what uv reads as the script's metadata.
    plain = " ".join(visible(text).split()).replace("///", "/ / /")
    return textwrap.wrap(plain, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def literal(value: Any) -> str:
    """Return an expression for JSON values, arrays and mappings of these, in ASCII, that gives them back exactly."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return ascii(value)


def folded(statement: str) -> list[str]:
    """Return the statement on lines that are short enough, broken after commas between its own brackets."""
    if len(statement) <= WIDTH:
        return [statement]
    breaks = [
        token.end[1]
        for token in tokenize.generate_tokens(io.StringIO(statement).readline)
        if token.type == tokenize.OP and token.string == ","
    ]
    lines, begin, last = [], 0, 0
    for place in [*breaks, len(statement)]:
        if place - begin > WIDTH - 4 and last > begin:
            lines.append(statement[begin:last].strip())
            begin = last
        last = place
    lines.append(statement[begin:].strip())
    return [lines[0], *(f"    {line}" for line in lines[1:])]


def _array(array: np.ndarray) -> str:
    name = array.dtype.name
    if array.size != 1 and not np.any(array) and not (is_float(array.dtype) and np.signbit(widened(array)).any()):
        return f"np.zeros({array.shape}, {name!r})"
    values = array.tolist() if not is_float(array.dtype) else _short(array)
    return f"np.array({literal(values)}, {name!r})"


def _short(array: np.ndarray) -> Any:
    """Return the numbers as nested lists, each with the fewest digits that give it back in its dtype."""
    if array.ndim == 0:
        return _Digits(str(widened(array)[()]))
    return [_short(one) for one in array]


class _Digits(float):
    """A float that is written with the digits that it was read from."""

    def __new__(cls, text: str) -> _Digits:
        made = super().__new__(cls, text)
        made.text = text  # type: ignore[attr-defined]
        return made


def _number(value: float) -> str:
    text = str(getattr(value, "text", repr(value)))
    return text.removesuffix(".0") + "." if text.endswith(".0") else text


def _arrays(failing: Failing) -> dict[str, np.ndarray]:
    """Return every array of the script, by the name that it has in a file beside it."""
    found: dict[str, np.ndarray] = {}
    for constant, value in failing.constants.items():
        if isinstance(value, Mapping):
            found |= {f"{constant}/{name}": one for name, one in value.items() if isinstance(one, np.ndarray)}
    for name, answer in failing.expected.items():
        found |= {f"EXPECTED/{name}/{place}": one for place, one in enumerate((answer.allowed, *answer.answers))}
    return found


@dataclass(frozen=True)
class _Writer:
    failing: Failing
    beside: tuple[str, ...]
    data_beside: bool
    blank: int

    def script(self) -> Script:
        gap = [""] * self.blank
        here = [pasted for name, pasted in self._pasted().items() if name not in self.beside]
        blocks = [one.splitlines() for one in dict.fromkeys(part for pasted in here for part in pasted.parts)]
        body = [line for block in blocks for line in [*gap, *block]]
        constants, rest = list(self._constants()), [*self._run(), *gap, *self._end()]
        own = "\n".join([*body, *constants, *rest])
        lines = [*self._header(), *self._imports(own, "\n".join(constants)), *body, *gap, *constants, *gap, *rest]
        modules = {name: self._pasted()[name] for name in self.beside}
        kept = {name: widened(array) for name, array in _arrays(self.failing).items()} if self.data_beside else {}
        texts = {name: "\n".join([*one.imports, *one.parts]) + "\n" for name, one in modules.items()}
        return Script("\n".join(lines) + "\n", kept, texts)

    def _pasted(self) -> dict[str, Pasted]:
        """Return what is pasted, by the name of the file that it may be put into."""
        return {STEPS: self.failing.code, LAYER: self.failing.layer}

    def _called(self, pasted: Pasted) -> list[str]:
        """Return what the script itself calls of what is pasted."""
        calls = " ".join(call for part in self.failing.parts for call in part.calls)
        return sorted(name for name in pasted.taken if re.search(rf"\b{name}\b", calls))

    def _header(self) -> Iterator[str]:
        """Yield the metadata that uv reads where one environment will do, and what the script is."""
        parts, packages = self.failing.parts, agreed(self.failing.parts)
        if packages is not None:
            listed = ", ".join(f'"{one}"' for one in packages)
            yield "# /// script"
            yield f'# requires-python = "=={parts[0].python}.*"'
            yield from (
                f"# {line}" for line in textwrap.wrap(f"dependencies = [{listed}]", WIDTH - 2, break_on_hyphens=False)
            )
            yield "# ///"
        yield from comment(" ".join(self.failing.said))
        beside = [*([DATA] if self.data_beside else []), *self.beside]
        codes = f"Exit code {SHOWN}: it shows, {NOT_SHOWN}: it does not, any other: it failed otherwise."
        there = f", with {' and '.join(beside)} beside it" if beside else ""
        npm = " ".join(one for part in parts for one in part.npm)
        there += f", after npm install {npm}" if npm else ""
        if packages is not None:
            yield from comment(f"Run it: uv run {FILE}{there}. {codes}")
            return
        yield from comment(f"Run it in parts, in this order{there}. {codes}")
        for place, part in enumerate(parts, 1):
            given = " ".join(f"--with {package}" for package in part.packages)
            command = f"uv run --no-project --python {part.python} {given} {FILE} {place}"
            yield from (f"# {line}" for line in textwrap.wrap(command, WIDTH - 2, break_on_hyphens=False))

    def _imports(self, own: str, constants: str) -> Iterator[str]:
        pasted = self._pasted()
        wanted = [line for name, one in pasted.items() if name not in self.beside for line in one.imports]
        wanted += ["import sys", "import traceback"]
        uses = {
            "from pathlib import Path": True,
            "import numpy as np": "np." in own,
            "from numpy import inf, nan": re.search(r"(?<![\w.])(inf|nan)\b", constants) is not None,
            "import ml_dtypes": BFLOAT16 in own,
            "import os": "os." in own,
            "import subprocess": "subprocess." in own,
            "import time": "time." in own,
            **{f"from {name[:-3]} import {', '.join(self._called(pasted[name]))}": True for name in self.beside},
        }
        lines = dict.fromkeys([*wanted, *(line for line, used in uses.items() if used)])
        plain = sorted(
            line.removeprefix("import ") for line in lines if line.startswith("import ") and " as " not in line
        )
        yield f"import {', '.join(plain)}"
        yield from sorted(line for line in lines if not line.startswith("import ") or " as " in line)

    def _constants(self) -> Iterator[str]:
        variables = {name: value for part in self.failing.parts for name, value in part.variables.items()}
        if variables:
            yield from folded(f"os.environ.update({literal(variables)})")
        yield "HERE = Path(__file__).resolve().parent"
        if self.failing.shows is Shows.OUTPUTS:
            yield 'np.seterr(all="ignore")'
        if self.data_beside:
            yield f'DATA = np.load(HERE / "{DATA}")'
        for name, value in self.failing.constants.items():
            yield from folded(f"{name} = {self._value(name, value)}")
        if self.failing.shows is Shows.OUTPUTS:
            yield "# Of each output: dtype, the error that rounding explains, and what it must be."
            pairs = []
            for name, one in self.failing.expected.items():
                arrays = (one.allowed, *one.answers)
                loaded = (self._loaded(f"EXPECTED/{name}/{place}", array) for place, array in enumerate(arrays))
                pairs.append(f"{name!a}: [{one.dtype!r}, {', '.join(loaded)}]")
            yield from folded(f"EXPECTED = {{{', '.join(pairs)}}}")
        if self.failing.words:
            yield from folded(f"WORDS = {literal(self.failing.words)}")

    def _value(self, constant: str, value: Any) -> str:
        if not isinstance(value, Mapping) or not any(isinstance(one, np.ndarray) for one in value.values()):
            return literal(value)
        pairs = (f"{name!a}: {self._loaded(f'{constant}/{name}', one)}" for name, one in value.items())
        return "{" + ", ".join(pairs) + "}"

    def _loaded(self, name: str, array: np.ndarray) -> str:
        if not self.data_beside or array.size <= 1:
            return literal(array)
        narrow = f".astype({BFLOAT16!r})" if array.dtype.name == BFLOAT16 else ""
        return f"DATA[{name!a}]{narrow}"

    def _run(self) -> Iterator[str]:
        parts = self.failing.parts
        yield f"def run({'parts' if len(parts) > 1 else ''}):"
        if self.failing.folders:
            yield f"    for name in {list(self.failing.folders)}:"
            yield "        (HERE / name).mkdir(exist_ok=True)"
        for place, part in enumerate(parts, 1):
            inner = "    " if len(parts) == 1 else "        "
            if len(parts) > 1:
                yield f'    if "{place}" in parts:  # {part.name}'
            for call in part.calls:
                yield from (inner + line for line in folded(call))
        if len(parts) > 1:
            yield "    return None"

    def _end(self) -> Iterator[str]:
        several = len(self.failing.parts) > 1
        given = f"sys.argv[1:] or {[str(place) for place, _ in enumerate(self.failing.parts, 1)]}" if several else ""
        if self.failing.shows in (Shows.DEATH, Shows.SILENCE, Shows.MEMORY):
            yield from self._watched(given, several=several)
            return
        if self.failing.shows is Shows.OUTPUTS:
            yield from CHECK
        yield "try:"
        if self.failing.shows is Shows.OUTPUTS:
            if several:
                yield f"    got = run({given})"
            got = "got is not None and far_off(got)" if several else "far_off(run())"
            yield f"    code = {SHOWN} if {got} else {NOT_SHOWN}"
        else:
            yield f"    run({given})"
            yield f"    code = {NOT_SHOWN}"
        yield f"except BaseException{' as problem' if self.failing.words else ''}:"
        yield "    traceback.print_exc()"
        if self.failing.shows is Shows.ERROR:
            yield '    said = " ".join(f"{type(problem).__name__}: {problem}".split())'
            yield f"    code = {SHOWN} if all(one in said for one in WORDS) else {OTHERWISE}"
        else:
            yield f"    code = {OTHERWISE}"
        words = literal({SHOWN: "it shows", NOT_SHOWN: "it does not show"})
        yield f'print({words}.get(code, "it failed otherwise"), flush=True)'
        yield "os._exit(code)"

    def _watched(self, given: str, *, several: bool) -> Iterator[str]:
        """Yield what runs the script once more, in a process that may die or say nothing."""
        yield 'if sys.argv[-1] == "watched":'
        yield f"    run({'sys.argv[1:-1]' if several else ''})"
        yield "    os._exit(0)"
        command = f'[sys.executable, __file__, *({given or "[]"}), "watched"]'
        if self.failing.shows is Shows.SILENCE:
            yield "try:"
            yield f"    ended = subprocess.run({command}, timeout={self.failing.seconds:g}).returncode"
            yield f"    code = {NOT_SHOWN} if ended == 0 else {OTHERWISE}"
            yield "except subprocess.TimeoutExpired:"
            yield f'    ended, code = "none", {SHOWN}'
        elif self.failing.shows is Shows.MEMORY:
            yield f"child, held = subprocess.Popen({command}), 0"
            yield f"while child.poll() is None and held <= {self.failing.memory}:"
            yield '    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])'
            yield '    held = max(held, pages * os.sysconf("SC_PAGE_SIZE"))'
            yield "    time.sleep(0.1)"
            yield "child.kill()"
            yield "ended = child.wait()"
            yield f"code = {SHOWN} if held > {self.failing.memory} else {NOT_SHOWN} if ended == 0 else {OTHERWISE}"
            yield 'print(f"it held {held / 2**30:.1f} GiB")'
        else:
            died = f"ended == {self.failing.code_of_death}" if self.failing.code_of_death > 0 else "ended < 0"
            yield f"ended = subprocess.run({command}).returncode"
            yield f"code = {SHOWN} if {died} else {NOT_SHOWN} if ended == 0 else {OTHERWISE}"
        yield 'print("the process ended with code", ended)'
        yield "os._exit(code)"


CHECK = """def far_off(got):
    for name, (dtype, allowed, *answers) in EXPECTED.items():
        array = np.asarray(got[name])
        if (array.dtype.name, array.shape) != (dtype, allowed.shape):
            print(f"{name}: got {array.dtype}{array.shape}, expected {dtype}{allowed.shape}")
            return True
        array = array.astype(answers[0].dtype)
        right = sum((array == one) | (array != array) & (one != one) | (abs(array - one) <= allowed) for one in answers)
        if not np.all(right):
            far = np.where(right, -1, np.nan_to_num(abs(array - answers[0]) / allowed, nan=np.inf))
            at, wanted = np.unravel_index(far.argmax(), far.shape), [one.flat[far.argmax()] for one in answers]
            print(f"{name}{[*map(int, at)]}: got {array[at]}, allowed error {allowed[at]:.3g}, expected", *wanted)
            return True
    return False""".splitlines()


def needs_of(dtypes: set[str], constraints: Sequence[str]) -> tuple[str, ...]:
    """Return what must be installed beside an environment's own packages for NumPy to have the dtypes."""
    wanted = {DISTRIBUTION[dtype] for dtype in dtypes if dtype in DISTRIBUTION}
    return tuple(one for one in constraints if canonicalize_name(Requirement(one).name) in wanted)
