"""Finds the operator of a graph that is at fault, by cutting the graph where its front of live tensors passes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from nnparity.contracts import CutOperator

MOST_LESSER = 8
MOST_TRIED_ALONE = 64
"""Operators that are tried one by one where bisection has not ended at one that shows the fault alone."""


class Finding(enum.Enum):
    """What a trial of a part of the graph shows."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Confirmed(enum.Enum):
    """How far the located operator shows its fault without the rest of the graph."""

    ALONE = "alone"
    TOGETHER = "together"
    NOT = "not"


@dataclass(frozen=True)
class Part:
    """Some operators of a graph as a graph of their own: what it is given, and what it gives to the rest."""

    operators: tuple[int, ...]
    takes: tuple[str, ...]
    gives: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """Operators in an order in which they can run, and the names of the tensors that go in and out."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    operators: tuple[CutOperator, ...]

    @cached_property
    def maker(self) -> dict[str, int]:
        """By tensor, the operator that gives it."""
        return {name: place for place, one in enumerate(self.operators) for name in one.gives}

    @cached_property
    def last_use(self) -> dict[str, int]:
        """By tensor, the last operator that takes it; one past the end for outputs of the model."""
        found = {name: place for place, one in enumerate(self.operators) for name in one.takes}
        return {**found, **dict.fromkeys(self.outputs, len(self.operators))}

    @cached_property
    def varying(self) -> frozenset[str]:
        """The tensors that follow from the model's inputs; all others are constants, however they are written."""
        found = set(self.inputs)
        for one in self.operators:
            if not found.isdisjoint(one.takes):
                found.update(one.gives)
        return frozenset(found)

    @cached_property
    def apart(self) -> frozenset[str]:
        """What cannot be the output of a cut."""
        return frozenset(name for one in self.operators for name in one.apart)

    def front(self, count: int) -> tuple[str, ...]:
        """Return the tensors that the first `count` operators give and the others need: all that passes the cut.

        Whatever is wrong behind the cut and right in these tensors comes from operators behind it. So between a cut
        that is right and a later one that is wrong lies an operator that makes wrong out of right, even where what is
        wrong at one place is hidden further on, by a relu or a branch that nobody takes.
        """
        names = (name for one in self.operators[:count] for name in one.gives if name in self.varying)
        return tuple(name for name in names if self.last_use.get(name, -1) >= count)

    def part(self, operators: Iterable[int]) -> Part:
        """Return these operators, and those that make the constants which they take, as a part."""
        wanted = set(operators)
        inside = wanted | self.before(wanted, within=lambda name: name not in self.varying)
        ordered = sorted(inside)
        made = {name for place in ordered for name in self.operators[place].gives}
        takes = (name for place in ordered for name in self.operators[place].takes if name not in made)
        used = {name for place, one in enumerate(self.operators) if place not in inside for name in one.takes}
        used |= set(self.outputs)
        gives = [name for place in sorted(wanted) for name in self.operators[place].gives]
        return Part(tuple(ordered), tuple(dict.fromkeys(takes)), tuple(name for name in gives if name in used))

    def up_to(self, gives: Sequence[str], start: int = 0) -> Part:
        """Return the operators from a cut on to these tensors; from the model's inputs on where that is 0."""

        def from_there(name: str) -> bool:
            return name not in self.varying or self.maker[name] >= start

        ends = {self.maker[name] for name in gives if from_there(name)}
        inside = ends | self.before(ends, within=from_there)
        made = {name for place in inside for name in self.operators[place].gives}
        takes = (name for place in sorted(inside) for name in self.operators[place].takes if name not in made)
        kept = tuple(name for name in gives if name in made)
        return Part(tuple(sorted(inside)), tuple(dict.fromkeys(takes)), kept)

    def before(self, operators: Collection[int], *, within: Callable[[str], bool] = lambda name: True) -> set[int]:
        """Return the operators that these follow from through tensors that are `within`; not these themselves."""
        found: set[int] = set()
        waiting = list(operators)
        while waiting:
            for name in self.operators[waiting.pop()].takes:
                place = self.maker.get(name)
                if place is not None and within(name) and place not in found:
                    found.add(place)
                    waiting.append(place)
        return found - set(operators)

    def near(self, operators: Collection[int], steps: int) -> frozenset[int]:
        """Return the operators, and those that at most so many steps lead from to them."""
        found = ring = frozenset(operators)
        for _ in range(steps):
            names = (name for place in ring for name in self.operators[place].takes if name in self.varying)
            ring = frozenset(self.maker[name] for name in names if name in self.maker) - found
            found |= ring
        return found


class Trials(Protocol):
    """Runs parts of the graph as the path does, and judges them by trusted values."""

    def first(self, count: int) -> Finding:
        """Whether anything in the front of the first `count` operators is wrong, run from the model's inputs."""

    def alone(self, operators: Collection[int]) -> Finding:
        """Whether these operators give something wrong on the values that the path itself gives them."""

    def right_up_to(self, count: int) -> bool:
        """Put what is trusted in the place of what the first `count` operators give, for all trials from now on.

        Returns whether the outputs are still about as wrong as they were; if they are not, nothing changes.
        """


@dataclass(frozen=True)
class Located:
    """The operators at fault, one unless they show it only together, or no cut could be made between them.

    crossed: the operators among which bisection ended; not always those at fault, where the budget is wide there.
    lesser: operators before these that leave their budget too, and are not why the outputs are wrong.
    """

    operators: tuple[int, ...]
    confirmed: Confirmed
    crossed: tuple[int, ...]
    lesser: tuple[int, ...] = ()


def bisect(low: int, high: int, ask: Callable[[int], Finding]) -> tuple[int, int]:
    """Return neighbours of which the first is good and the second bad, with nothing between but what is unknown.

    low is known to be good, high to be bad.
    """
    unknown: set[int] = set()
    while True:
        left = [place for place in range(low + 1, high) if place not in unknown]
        if not left:
            return low, high
        place = min(left, key=lambda one: abs(2 * one - low - high))
        finding = ask(place)
        if finding is Finding.BAD:
            high = place
        elif finding is Finding.GOOD:
            low = place
        else:
            unknown.add(place)


def locate(graph: Graph, trials: Trials) -> Located | None:
    """Return the operators at fault, or None where nothing is wrong from the graph's inputs on and no operator alone.

    Bisection over cuts, then the operator that it ends at by itself, on the values that the path gives it. Where that
    shows nothing, what lies before it is added until something shows, and taken away again while it still does.
    An operator at fault after which the outputs go as wrong with right values is kept in mind, and the search goes on.
    """
    count = len(graph.operators)
    if trials.first(count) is not Finding.BAD:
        found = _first_alone(range(count), trials)
        return None if found is None else Located((found,), Confirmed.ALONE, ())
    start, lesser = 0, list[int]()
    while True:
        located = _within(graph, trials, start)
        if located.confirmed is not Confirmed.ALONE or len(lesser) == MOST_LESSER:
            return replace(located, lesser=tuple(lesser))
        start = located.operators[0] + 1
        if start >= count or not trials.right_up_to(start):
            return replace(located, lesser=tuple(lesser))
        lesser += located.operators


def _within(graph: Graph, trials: Trials, start: int) -> Located:
    """Return the operators at fault behind a cut that is right, with outputs that are wrong."""
    low, high = bisect(start, len(graph.operators), trials.first)
    crossed = _blamed(graph, low, high)
    found = _first_alone(crossed, trials)
    if found is not None:
        return Located((found,), Confirmed.ALONE, crossed)
    group = _grown(graph, crossed, trials)
    if group is None:
        return Located(crossed, Confirmed.NOT, crossed)
    found = _first_alone(sorted(group), trials)
    if found is not None:
        return Located((found,), Confirmed.ALONE, crossed)
    return Located(_shrunk(group, trials), Confirmed.TOGETHER, crossed)


def _blamed(graph: Graph, low: int, high: int) -> tuple[int, ...]:
    """Return the operators between two cuts that lead to the front of the second."""
    between = range(low, high)
    ends = {graph.maker[name] for name in graph.front(high)} & set(between)
    reached = ends | graph.before(ends)
    return tuple(place for place in between if place in reached) or tuple(between)


def _first_alone(operators: Iterable[int], trials: Trials) -> int | None:
    for place in list(operators)[:MOST_TRIED_ALONE]:
        if trials.alone((place,)) is Finding.BAD:
            return place
    return None


def _grown(graph: Graph, operators: tuple[int, ...], trials: Trials) -> frozenset[int] | None:
    """Return the operators with the nearest before them that it takes to show the fault; None if all do not do."""
    steps, quiet = 1, 0
    while trials.alone(graph.near(operators, steps)) is not Finding.BAD:
        if graph.near(operators, steps) == graph.near(operators, 2 * steps):
            return None
        quiet, steps = steps, 2 * steps
    _, steps = bisect(quiet, steps, lambda some: trials.alone(graph.near(operators, some)))
    return graph.near(operators, steps)


def _shrunk(group: frozenset[int], trials: Trials) -> tuple[int, ...]:
    """Return what is left of the group when nothing more can be left out without losing the fault."""
    left = group
    for place in sorted(group)[:MOST_TRIED_ALONE]:
        fewer = left - {place}
        if fewer and trials.alone(fewer) is Finding.BAD:
            left = fewer
    return tuple(sorted(left))
