"""Finds out all that a script must say about one failure: where it begins, what it does, what is right."""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.bench import Bench
from nnparity.budget import FINITE, NAN, NEGATIVE_INFINITY, POSITIVE_INFINITY, Expectation, ExpectedOutput
from nnparity.by_hand import BY_HAND, MODEL_OF, ByHand
from nnparity.cache import Made
from nnparity.case_at import CaseAt
from nnparity.compare import compare
from nnparity.contracts import TensorSpec
from nnparity.discovery import Route
from nnparity.environments import FOR_LAYERS
from nnparity.judging import yardstick
from nnparity.layers import Case, rounded, weights_of
from nnparity.oracle import EXACT, Oracle
from nnparity.outcome import Failure, Outcome, Stage, Status
from nnparity.paste import CannotPaste, Pasted
from nnparity.script import Answer, Failing, Part, Script, Shows, TooLong, literal, needs_of, write_script

LARGEST_START = 2**20
SILENT_SECONDS = 120.0
VOLATILE = re.compile(
    # Which of two operands comes first may hang on names that a process counts up, and what of a set on addresses.
    r"\bb?float\d\d != b?float\d\d|\{<[^{}]*>\}|"
    r'File "[^"]*", line \d+, in \S+|'
    r"<environment>\S*|\(SIG\w+\)|\(\d[\w, ]*\)|0x[0-9a-fA-F]+|\S*/\S*/\S*|(?<=_)\d+|\d+[:/.]\d+\S*|\d{4,}|\|(?= )|: "
)
TRACES = ("Traceback (most recent call last)", "in user code:")
MOST_WORDS, LEAST_WORDS, MOST_PIECES = 80, 20, 3
DIED = re.compile(r"died of signal (\d+)|exited with code (\d+)")


class CannotReproduce(Exception):
    """No script can be made of it; the message says why, and what would help."""


class DeclaredNotShown(CannotReproduce):
    """A file in by_hand/ says of this failure that no script shows it, and why."""


def first_that_can(making: Making, outcome: Outcome) -> tuple[Failing, Script]:
    """Return the script that begins nearest to where the fault is looked for. Raises CannotReproduce."""
    problems = []
    for first in making.beginnings():
        try:
            failing = making.failing(first)
            return failing, write_script(failing)
        except (CannotReproduce, CannotPaste, TooLong) as problem:
            problems.append(str(problem))
    raise CannotReproduce(f"{'; '.join(dict.fromkeys(problems))}{repeated_by(outcome)}")


def repeated_by(outcome: Outcome) -> str:
    """Return what to add to the words that there is no script: the command that repeats the outcome, if one does."""
    return f"; repeat with: {outcome.reproduce}" if outcome.reproduce else ""


class Making:
    """One failure while its script is made."""

    def __init__(
        self, asked: CaseAt, outcome: Outcome, bench: Bench, oracle: Oracle, by_hand: Mapping[str, ByHand]
    ) -> None:
        self.route, self.outcome, self.bench, self.by_hand = asked.route, outcome, bench, by_hand
        self.content = bench.content
        self.case, self.made, self.expected = _expected(asked, outcome, bench, oracle)
        self.entry = next((one for one in self.content.known if one.id == outcome.known), None)
        last = outcome.component if outcome.component in self.route.steps else self.route.runtime
        self.steps = self.route.steps[: self.route.steps.index(last) + 1]
        if self.steps == (self.route.root,):  # it fails while it is built, which is called once
            self.steps = (self.route.root, self.content.eager(self.route.root))
        blamed = self.entry.component if self.entry else outcome.component
        self.blamed = blamed if blamed in self.steps else self.route.root
        self._layer = self.content.layers[self.case.layer]
        self._given = self.case.layer in self.content.given

    def beginnings(self) -> Iterator[int]:
        """Yield the places of the steps that a script may do first, 0 for building the model; the best first.

        That is the step to blame, given what was made before it; where it cannot be written down, the steps after it.
        """
        blamed = self.steps.index(self.blamed)
        places = range(max(1 if self._given else 2, blamed), len(self.steps))
        able = [place for place in places if self._small_enough(place)]
        if self._given and not able:
            raise CannotReproduce("nothing was read of the model that a script could begin with")
        if self._given:
            yield from able
        else:
            yield from [0, *able] if blamed < 2 else [*able, 0]

    def _small_enough(self, place: int) -> bool:
        if place > len(self.made):
            return False
        if self._given:
            return True
        files = (file for file in self.made[place - 1].folder.rglob("*") if file.is_file())
        return sum(file.stat().st_size for file in files) <= LARGEST_START

    def start_of(self, failing: Failing) -> tuple[str, Path] | None:
        """Return the step whose artifact the script begins with, and where that is; None if it builds the model."""
        if not failing.begins_with:
            return None
        place = self.steps.index(failing.begins_with)
        return failing.begins_with, self.made[place].folder

    def failing(self, first: int) -> Failing:
        """Return all that the script is made of. Raises CannotReproduce or CannotPaste."""
        steps = self.steps[max(1, first) :]
        for step in steps:
            if step not in self.by_hand:
                raise CannotReproduce(
                    f"no file in converters/{BY_HAND}/ says what to do by hand for {step}; write a function {step} "
                    f"there, as the files beside it do"
                )
        code, layer = Pasted(), Pasted()
        constants, axes = self._constants(first, steps)
        calls: list[tuple[str, str]] = []
        if first == 0:
            calls.append((self._environment(steps[0]), self._build(code, layer)))
        for place, step in enumerate(steps):
            before = steps[place - 1] if place else self.steps[first - 1] if first else ""
            calls.append((self._environment(step), self._call(step, before, axes, code)))
        parts: list[Part] = []
        for environment, call in calls:
            if parts and parts[-1].name == environment:
                parts[-1] = replace(parts[-1], calls=(*parts[-1].calls, call))
            else:
                parts.append(self._part(environment, call))
        both = code.taken.keys() & layer.taken.keys()
        if both:
            raise CannotPaste(f"the layer and what is done by hand both define {', '.join(sorted(both))}")
        shows, words, death = _shown(self.outcome)
        return Failing(
            shows=shows,
            said=self._said(first),
            parts=parts,
            code=code,
            layer=layer,
            folders=[step for step in steps if "target" in self.by_hand[step].takes],
            constants=constants,
            expected=self.expected,
            words=words,
            code_of_death=death,
            seconds=SILENT_SECONDS,
            memory=self.bench.limits.memory_bytes,
            begins_with=self.steps[first - 1] if first else "",
        )

    def _environment(self, step: str) -> str:
        return self.content.components[step].environment

    def _part(self, environment: str, call: str) -> Part:
        spec = self.content.environments[environment]
        packages = [one for one in spec.packages if one.partition("==")[0] not in FOR_LAYERS]
        packages += needs_of({self.case.config["dtype"]}, [*spec.packages, *spec.constraints])
        return Part(
            environment, spec.python, tuple(dict.fromkeys(packages)), spec.variables or {}, (call,), spec.npm[:1]
        )

    def _build(self, code: Pasted, layer: Pasted) -> str:
        """Return the statement that builds the model, having taken what it uses."""
        root, file = self.route.root, self.content.layer_files[self.case.layer]
        build = self._layer.build[root].__name__
        layer.take(file, build)
        wrap = self.by_hand.get(MODEL_OF.format(root))
        if wrap is None:
            return f"model = {build}(CONFIG, WEIGHTS)"
        code.take(wrap.file, wrap.name)
        return f"model = {wrap.name}({build}, CONFIG, WEIGHTS)"

    def _call(self, step: str, before: str, axes: Mapping[str, Any], code: Pasted) -> str:
        """Return the statement that does the step by hand, having taken what it uses."""
        one = self.by_hand[step]
        code.take(one.file, one.name)
        given = {
            "model": "model",
            "source": f'HERE / "{before}"',
            "target": f'HERE / "{step}"',
            "inputs": "INPUTS",
            "example": "EXAMPLE",
            "axes": literal(axes),
            "specs": literal(self._specs(axes)),
            "outputs": literal(list(self._layer.signature(self.case.config).outputs)),
        }
        if "model" in one.takes and self._given:
            raise CannotReproduce(f"{step} begins with the model as its own code builds it, which a script has not")
        strange = [name for name in one.takes if name not in given]
        if strange:
            raise CannotReproduce(f"{one.name} in {one.file} takes {', '.join(strange)}; there are {', '.join(given)}")
        called = f"{one.name}({', '.join(f'{name}={given[name]}' for name in one.takes)})"
        return called if "target" in one.takes else f"return {called}"

    def _specs(self, axes: Mapping[str, Mapping[int, str]]) -> dict[str, tuple[list[int | None], str]]:
        """Return shape and dtype of every input; an open axis is None."""
        taken = self._layer.signature(self.case.config).inputs
        return {
            spec.name: (
                [None if place in axes.get(spec.name, {}) else size for place, size in enumerate(self._sized(spec))],
                spec.dtype,
            )
            for spec in taken
        }

    def _sized(self, spec: TensorSpec) -> list[int]:
        return [self.case.config[size] if isinstance(size, str) else size for size in spec.shape]

    def _constants(self, first: int, steps: Sequence[str]) -> tuple[dict[str, Any], dict[str, dict[int, str]]]:
        """Return the constants that the steps need, and by input the axes that are left open."""
        config, used = self.case.config, {name for step in steps for name in self.by_hand[step].takes}
        taken = self._layer.signature(config).inputs
        axes = {
            spec.name: {place: size for place, size in enumerate(spec.shape) if size in self.case.open_axes}
            for spec in taken
        }
        example = {spec.name: np.zeros(self._sized(spec), spec.dtype) for spec in taken}
        constants: dict[str, Any] = {}
        if first == 0:
            constants["CONFIG"] = dict(config)
            constants["WEIGHTS"] = weights_of(self._layer, config, self.case.seed)
        if "inputs" in used:
            constants["INPUTS"] = {name: np.asarray(self.case.inputs[name]) for name in example}
        if "example" in used:
            constants["EXAMPLE"] = example
        return constants, {name: found for name, found in axes.items() if found}

    def _said(self, first: int) -> list[str]:
        """Return the sentences at the head of the script."""
        reason = self.entry.reason if self.entry else ""
        seen = textwrap.shorten(said_last(self.outcome.detail) or self.outcome.status.value, 105)
        what = "model" if self._given else "layer"
        said = [f"{self.blamed if reason else self.route.runtime}: {reason or f'not what the {what} computes'}."]
        said.append(f"Seen: {seen}{'' if seen.endswith(('.', ']')) else '.'}")
        said.append(f"The {what} {self.case.layer} on the path {self.route.id}.")
        if first == 1:
            said.append(f"It begins with the model itself, which is in {self.route.root}/ beside it.")
        elif first:
            maker = self.steps[first - 1]
            environment = self.content.environments[self._environment(maker)]
            made_by = [one for one in environment.packages if one.partition("==")[0] not in FOR_LAYERS]
            elsewhere = environment.name not in {self._environment(step) for step in self.steps[first:]}
            late = first > self.steps.index(self.blamed) > 0
            begins = f"It begins with {maker}/ beside it, made by {maker}"
            begins += f" with {', '.join(made_by)}" if elsewhere else ""
            begins += f"; the fault is {self.blamed}'s, before that" if late else ""
            said.append(f"{begins}.")
        return said


def _expected(
    asked: CaseAt, outcome: Outcome, bench: Bench, oracle: Oracle
) -> tuple[Case, list[Made], dict[str, Answer]]:
    """Return the case that shows it, the artifacts on its path as far as there are any, and what outputs must be."""
    route, case = asked.route, asked.case
    made = _artifacts(case, route, bench)
    if outcome.stage is not Stage.COMPARE:
        return case, made, {}
    compiled = bench.compile(made[-1], route.runtime)
    held_to = yardstick(case, route, compiled, bench, oracle)
    outputs = bench.run(compiled, route.runtime, [case.inputs]).outputs[0]
    if not compare(outputs, held_to.expectation).matches:
        return case, made, _answers(held_to.expectation)
    # Only the eager root is judged once more: in float64, by the reference alone.
    exact = replace(case, config={**case.config, "dtype": EXACT}, inputs=rounded(case.inputs, EXACT))
    return exact, _artifacts(exact, route, bench), _answers(oracle.bare_expectation(exact))


def _artifacts(case: Case, route: Route, bench: Bench) -> list[Made]:
    made: list[Made] = []
    with contextlib.suppress(Failure):
        made.append(bench.build(case, route.root))
        for name in route.conversions:
            made.append(bench.convert(made[-1], name))
    return made


def _answers(expectation: Expectation) -> dict[str, Answer]:
    """Return what outputs must be, in as few digits as change nothing: a thousandth of what is allowed."""
    answers = {}
    for name, one in expectation.outputs.items():
        exact = tuple(_integers(one) if one.exact else _floats(one))
        allowed = _in_digits(one.budget, 3)
        few = exact if one.exact else tuple(shortened(array, one.budget / 1000) for array in exact)
        answers[name] = Answer(one.dtype.name, few, allowed)
    return answers


def shortened(array: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return the float64 numbers in the fewest digits that keep each within its error, the array itself if none do."""
    for digits in range(1, 17):
        rounded = _in_digits(array, digits)
        with np.errstate(invalid="ignore"):
            if ((np.abs(rounded - array) <= error) | ~np.isfinite(array)).all():
                return rounded
    return array


def _in_digits(array: np.ndarray, digits: int) -> np.ndarray:
    return np.array([float(f"{value:.{digits}g}") for value in array.ravel()], np.float64).reshape(array.shape)


def _integers(output: ExpectedOutput) -> Iterator[np.ndarray]:
    for answer in output.answers:
        yield answer.astype(np.int64) if answer.dtype.kind == "b" else answer


def _floats(output: ExpectedOutput) -> Iterator[np.ndarray]:
    """Yield as many arrays as an element has right kinds at most; one with fewer has its last kind in all others."""
    kinds = ((FINITE, output.centre), (NAN, np.nan), (POSITIVE_INFINITY, np.inf), (NEGATIVE_INFINITY, -np.inf))
    count = int(np.bitwise_count(output.accepted).max(initial=1))
    answers = np.full((count, *output.centre.shape), np.nan)
    place = np.zeros(output.centre.shape, int)
    for kind, value in kinds:
        right = (output.accepted & kind) != 0
        for index in range(count):
            answers[index] = np.where(right & (place <= index), value, answers[index])
        place += right
    yield from answers


def _shown(outcome: Outcome) -> tuple[Shows, tuple[str, ...], int]:
    """Return by what the failure shows itself, the words of its exception, and the exit code of its process."""
    if outcome.stage is Stage.COMPARE:
        return Shows.OUTPUTS, (), 0
    if outcome.status is Status.ERROR:
        return Shows.ERROR, telling_words(outcome.detail), 0
    if outcome.status is Status.TIMEOUT:
        return Shows.SILENCE, (), 0
    if outcome.status is Status.OUT_OF_MEMORY:
        return Shows.MEMORY, (), 0
    died = DIED.search(outcome.detail)
    if outcome.status is Status.CRASH and died is not None:
        return Shows.DEATH, (), -int(died[1]) if died[1] else int(died[2])
    raise CannotReproduce(f"it ended by {outcome.status.value}, which a script cannot show: {outcome.detail[:200]}")


def telling_words(detail: str) -> tuple[str, ...]:
    """Return what to look for in an exception: the longest parts of its lines, without addresses, paths and prefixes.

    Of a text that holds a trace, of its last line, since what it went through differs.
    """
    traced = any(words in detail for words in TRACES)
    whole = " ".join((said_last(detail) if traced else detail).split())
    if len(whole) <= LEAST_WORDS and re.sub(": ", "", whole) == VOLATILE.sub("", whole):
        return (whole,)
    lines = [whole] if traced else [" ".join(line.split()) for line in detail.splitlines()]
    pieces = dict.fromkeys(piece.strip()[:MOST_WORDS].strip() for line in lines for piece in VOLATILE.split(line))
    longest = sorted(pieces, key=len, reverse=True)[:MOST_PIECES]
    return tuple(one for one in longest if len(one) >= LEAST_WORDS) or tuple(
        one for one in longest if len(one) >= len(longest[0]) // 2
    )


def said_last(detail: str) -> str:
    """Return the first line, or the last one of a text that holds a trace, where what is wrong stands at the end."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()] or [""]
    return lines[-1] if any(words in detail for words in TRACES) else lines[0]
