"""Several files that should be one model: each held to the same reference, and who agrees with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nnparity.bench import Bench
from nnparity.contracts import Arrays
from nnparity.discovery import Route
from nnparity.errors import UserError, nearest
from nnparity.given import Given, ReadModel
from nnparity.layers import Case
from nnparity.matching import End, Match, Source, itself, matched
from nnparity.measure import Measure
from nnparity.oracle import Oracle
from nnparity.own_inputs import sizes_in
from nnparity.own_models import Own, Plan, Reader, content_with, defined, routes_from
from nnparity.own_said import said_of_model
from nnparity.own_target import Shapes, Target, sizes_of
from nnparity.plan import Model


def several(reader: Reader, targets: Sequence[Target], shapes: Shapes, real: Arrays | None) -> Plan:
    """Return the plan by which every other model is held to the reference.

    Raises UserError where inputs or outputs cannot be matched.
    """
    bench, options = reader.bench, reader.options
    wanted = options["reference"] or targets[0].text
    texts = [target.text for target in targets]
    if wanted not in texts:
        raise UserError(f"--reference {wanted!r}: none of the targets; {nearest(wanted, texts)}")
    said = dict(_pair(text) for text in options["maps"])
    ordered = sorted(targets, key=lambda target: target.text != wanted)
    givens = [reader.given(target, shapes, real) for target in ordered]
    matches = [_inputs_matched(given, givens[0].native, said, reader) for given in givens]
    sizes = sizes_of(givens[0].native, shapes if real is None else Shapes({}, {}))
    for given, match in zip(givens[1:], matches[1:], strict=True):
        sizes |= _fixed_by(match, given.native, givens[0].native)
    names = _names_of(ordered)
    first = reader.own(names[0], givens[0], sizes, real)
    reader.say(f"{wanted} is the reference: {said_of_model(first.given)}")
    owns = [replace(first, models=first.models[:1])]
    for name, given, match in zip(names[1:], givens[1:], matches[1:], strict=True):
        sets = [{spec: source.of(case.inputs) for spec, source in match.items()} for case in first.models[0].cases]
        config = {"dtype": given.native.dtype, **sizes_in(sets[0], given.native.inputs)}
        model = Model(name, tuple(Case(name, config, 0, one) for one in sets))
        owns.append(defined(Own(name, given, (model,)), bench, reader.say))
    bench.take(content_with(owns, bench.content))
    answers = [_measure_of(own, bench).eager_runs([case.inputs for case in own.models[0].cases]) for own in owns]
    measures = {names[0]: _measure_of(first, bench)}
    for own, match, answer in zip(owns[1:], matches[1:], answers[1:], strict=True):
        outputs, notes = _told(own.given, matched(_ends(answer[0]), _ends(answers[0][0]), said=said, what="output"))
        for line in notes:
            reader.say(line)
        measures[own.name] = Measure(bench, first.sample, Match(_reversed(match, givens[0].native), outputs))
    oracle = Oracle(bench, measures)
    only = {own.name: _routes_of(own, reader, is_reference=own is owns[0]) for own in owns}
    routes = tuple(dict.fromkeys(route for own in only.values() for route in own))
    turned = [
        [measures[own.name].match.outputs_back(one) for one in answer]
        for own, answer in zip(owns, answers, strict=True)
    ]
    return Plan(owns, oracle, routes, only, agreement(owns, turned, oracle))


def agreement(owns: Sequence[Own], answers: Sequence[Sequence[Arrays]], oracle: Oracle) -> list[str]:
    """Return who agrees with whom, and who is the odd one out, where there are three or more.

    answers: of every model, in the reference's names and layout. Two agree where each is within what is allowed of the
    other: what rounding explains is taken from the reference.
    """
    if len(owns) < 3:
        return []
    held = [oracle.expectation(case, owns[0].given.root) for case in owns[0].models[0].cases]

    def alike(one: Sequence[Arrays], other: Sequence[Arrays]) -> bool:
        return all(
            np.all(np.abs(a[name] - b[name]) <= 2 * expected.budget[name]) or np.array_equal(a[name], b[name])
            for a, b, expected in zip(one, other, held, strict=True)
            for name in expected.budget
        )

    groups: list[list[int]] = []
    for place, answer in enumerate(answers):
        home = next((group for group in groups if all(alike(answer, answers[one]) for one in group)), None)
        if home is None:
            groups.append([place])
        else:
            home.append(place)
    groups.sort(key=len, reverse=True)
    shown = [", ".join(owns[place].given.target for place in group) for group in groups]
    if len(groups) == 1:
        return [f"all agree: {shown[0]}"]
    if len(groups) == 2 and len(groups[1]) == 1 < len(groups[0]):
        return [f"these agree: {shown[0]}; the odd one out is {shown[1]}"]
    return [f"these agree among themselves: {' | '.join(shown)}"]


def _measure_of(own: Own, bench: Bench) -> Measure:
    read = own.given.native
    return Measure(bench, own.sample, itself(tuple(spec.name for spec in read.inputs), read.outputs))


def _routes_of(own: Own, reader: Reader, *, is_reference: bool) -> tuple[Route, ...]:
    """Return the model in its own runtime, unless it is the reference, and the paths that --to asks for."""
    content, options = reader.bench.content, reader.options
    alone = replace(content, layers={own.name: content.layers[own.name]}, given={own.name: own.given})
    by_itself = () if is_reference else (Route(own.given.root, (), own.given.runtime),)
    fitting: list[Route] = []
    for glob in options["to"]:
        try:
            fitting += routes_from(alone, [glob], everything=True)
        except UserError:  # a path that another of the models has
            continue
    return tuple(dict.fromkeys((*by_itself, *fitting)))


def _inputs_matched(given: Given, reference: ReadModel, said: Mapping[str, str], reader: Reader) -> dict[str, Source]:
    """Return where each of the model's inputs comes from among the reference's."""
    wanted, there = ([End(s.name, s.shape, s.dtype) for s in read.inputs] for read in (given.native, reference))
    sources, notes = _told(given, matched(wanted, there, said=said, what="input"))
    for line in notes:
        reader.say(line)
    return sources


def _told(given: Given, found: tuple[dict[str, Source], list[str]]) -> tuple[dict[str, Source], list[str]]:
    return found[0], [f"{given.target}: {note}" for note in found[1]]


def _ends(arrays: Arrays) -> list[End]:
    return [End(name, array.shape, array.dtype.name) for name, array in arrays.items()]


def _reversed(inputs: Mapping[str, Source], reference: ReadModel) -> dict[str, Source]:
    """Return where each of the reference's inputs comes from among the model's."""
    dtypes = {spec.name: spec.dtype for spec in reference.inputs}
    return {
        source.name: Source(
            name, tuple(int(axis) for axis in np.argsort(source.axes)), dtypes[source.name] if source.dtype else ""
        )
        for name, source in inputs.items()
    }


def _fixed_by(inputs: Mapping[str, Source], read: ReadModel, reference: ReadModel) -> dict[str, int]:
    """Return the sizes that the model fixes, or was made with, of axes that the reference leaves open."""
    shapes = {spec.name: spec.shape for spec in reference.inputs}
    sizes = {}
    for spec in read.inputs:
        source = inputs[spec.name]
        axes = source.axes or range(len(spec.shape))
        for size, axis in zip(spec.shape, axes, strict=True):
            name, fixed = shapes[source.name][axis], size if isinstance(size, int) else read.sizes.get(size)
            if isinstance(name, str) and fixed is not None:
                sizes[name] = fixed
    return sizes


def _names_of(targets: Sequence[Target]) -> list[str]:
    """Return a name for each, with its suffix where the stem alone would do for two."""
    names: list[str] = []
    for target in targets:
        suffix = target.path.suffix.lstrip(".") or "folder"
        name = f"{target.name}_{suffix}"
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _pair(text: str) -> tuple[str, str]:
    name, equals, other = text.partition("=")
    if not (name and equals and other):
        raise UserError(f"--map {text!r}: expected NAME=NAME, an input or output and what the reference calls it")
    return name, other
