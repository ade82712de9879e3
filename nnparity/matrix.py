"""Every layer on every path: what its cases came to, also where there are none."""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nnparity.facts import Facts
from nnparity.outcome import Outcome, Stage, Verdict

Path = tuple[str, ...]
BAD = (Verdict.FAIL, Verdict.XPASS)
AT_THE_RUNTIME = (Stage.LOAD, Stage.RUN, Stage.COMPARE)


class Standing(enum.Enum):
    """What the outcomes of one cell come to: css class, glyph, word."""

    FAILED = ("failed", "✗", "failed")
    KNOWN = ("known", "◆", "known")
    ALLOWED = ("allowed", "◇", "allowed")
    MATCHED = ("matched", "✓", "matched")
    PARTLY = ("partly", "◐", "partly matched")
    UNSUPPORTED = ("unsupported", "∅", "unsupported")
    NOT_RUN = ("not-run", "\N{EN DASH}", "not run")

    @property
    def css(self) -> str:
        return self.value[0]

    @property
    def glyph(self) -> str:
        return self.value[1]

    @property
    def word(self) -> str:
        return self.value[2]


@dataclass(frozen=True)
class Tally:
    """How many checks ended how. A check is one case on one path."""

    verdicts: Mapping[Verdict, int]

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Tally:
        counted = Counter(outcome.verdict for outcome in outcomes)
        return cls({verdict: counted[verdict] for verdict in Verdict})

    @property
    def matched(self) -> int:
        return self.verdicts[Verdict.PASS]

    @property
    def known(self) -> int:
        return self.verdicts[Verdict.XFAIL]

    @property
    def allowed(self) -> int:
        """Return known divergences that a specification allows."""
        return self.verdicts[Verdict.ALLOWED]

    @property
    def failed(self) -> int:
        """Return new failures, and known divergences whose witness now matches."""
        return sum(self.verdicts[verdict] for verdict in BAD)

    @property
    def unsupported(self) -> int:
        return self.verdicts[Verdict.UNSUPPORTED]

    @property
    def not_run(self) -> int:
        return self.verdicts[Verdict.NOT_RUN]

    @property
    def total(self) -> int:
        return sum(self.verdicts.values())

    @property
    def standing(self) -> Standing:
        """Return what decides: a failure, a known divergence, one that is allowed, a match, what is not handled."""
        if self.failed:
            return Standing.FAILED
        if self.known:
            return Standing.KNOWN
        if self.allowed:
            return Standing.ALLOWED
        if self.matched:
            return Standing.MATCHED if self.matched == self.total else Standing.PARTLY
        return Standing.UNSUPPORTED if self.unsupported else Standing.NOT_RUN

    @property
    def text(self) -> str:
        """Return the whole account in words, the greatest share of bad news first."""
        if not self.total:
            return Standing.NOT_RUN.word
        parts = [
            (self.failed, "failed"),
            (self.known, "known"),
            (self.allowed, "allowed"),
            (self.unsupported, "unsupported"),
            (self.not_run, "not run"),
        ]
        return ", ".join([f"{self.matched}/{self.total} matched", *(f"{n} {word}" for n, word in parts if n)])


@dataclass(frozen=True)
class Cell:
    """One layer on one path."""

    layer: str
    path: Path
    outcomes: Sequence[Outcome]

    @cached_property
    def tally(self) -> Tally:
        return Tally.of(self.outcomes)

    @property
    def worst_error(self) -> float:
        """Return the greatest error over budget of the cases that were compared, NaN if none was."""
        errors = [one.error_over_budget for one in self.outcomes if not math.isnan(one.error_over_budget)]
        return max(errors, default=math.nan)


@dataclass(frozen=True)
class Group:
    """Paths that start at one root and hand the runtime one representation."""

    root: str
    root_title: str
    title: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Matrix:
    layers: tuple[str, ...]
    groups: tuple[Group, ...]
    cells: Mapping[tuple[str, Path], Cell]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return all paths, in the order of the groups."""
        return tuple(path for group in self.groups for path in group.paths)

    @property
    def empty(self) -> tuple[Cell, ...]:
        """Return the cells without any outcome."""
        return tuple(cell for cell in self.cells.values() if not cell.outcomes)

    def row(self, layer: str) -> tuple[Cell, ...]:
        """Return the layer's cells in the order of `paths`."""
        return tuple(self.cells[layer, path] for path in self.paths)


@dataclass(frozen=True)
class Goal:
    """All paths that start at one root and hand one runtime one representation: other routes to the same."""

    root: str
    root_title: str
    title: str
    runtime: str
    paths: tuple[Path, ...]


# What the best route to a goal comes to; but a failure on any of them is never outshone.
BEST_FIRST = (
    Standing.FAILED,
    Standing.MATCHED,
    Standing.PARTLY,
    Standing.ALLOWED,
    Standing.KNOWN,
    Standing.UNSUPPORTED,
    Standing.NOT_RUN,
)


def goals(table: Matrix) -> tuple[Goal, ...]:
    """Return the runtimes of each group, in the order of the groups."""
    found: dict[tuple[str, str, str], Goal] = {}
    for group in table.groups:
        for runtime in sorted({path[-1] for path in group.paths}):
            paths = tuple(path for path in group.paths if path[-1] == runtime)
            found[group.root, group.title, runtime] = Goal(group.root, group.root_title, group.title, runtime, paths)
    return tuple(found.values())


def tried(table: Matrix) -> set[Path]:
    """Return the paths whose runtime was given a model, or on which nothing was left out."""
    by_path: dict[Path, list[Outcome]] = {}
    for (_, path), cell in table.cells.items():
        if cell.outcomes:
            by_path.setdefault(path, []).extend(cell.outcomes)
    # Where the runtime is not there, a conversion before it still declines or fails: that is no try of the path.
    return {
        path
        for path, outcomes in by_path.items()
        if any(one.stage in AT_THE_RUNTIME and one.verdict is not Verdict.NOT_RUN for one in outcomes)
        or not any(one.verdict is Verdict.NOT_RUN for one in outcomes)
    }


def best_route(table: Matrix, goal: Goal) -> Path:
    """Return the route to the goal on which most layers match in every check; of equals the shortest."""

    def rank(path: Path) -> tuple[int, int, Path]:
        standings = [table.cells[layer, path].tally.standing for layer in table.layers]
        return -standings.count(Standing.MATCHED), len(path), path

    return min(goal.paths, key=rank)


def best(table: Matrix, layer: str, goal: Goal) -> tuple[Standing, int]:
    """Return what the best route to the goal comes to for the layer, and how many routes come to that."""
    standings = [table.cells[layer, path].tally.standing for path in goal.paths]
    found = min(standings, key=BEST_FIRST.index)
    return found, standings.count(found)


def matrix(outcomes: Sequence[Outcome], facts: Facts) -> Matrix:
    """Return every layer on every path that the facts or the outcomes name."""
    by_cell: dict[tuple[str, Path], list[Outcome]] = {}
    for outcome in outcomes:
        by_cell.setdefault((outcome.layer, outcome.path), []).append(outcome)
    layers = tuple(sorted({*facts.layers, *(outcome.layer for outcome in outcomes)}))
    grouped: dict[tuple[str, str], list[Path]] = {}
    for path in sorted({*facts.paths, *(outcome.path for outcome in outcomes)}):
        grouped.setdefault((path[0], delivered(path, facts)), []).append(path)
    groups = tuple(
        Group(root, facts.title(root), title, tuple(sorted(grouped[root, title], key=lambda path: (path[-1], path))))
        for root, title in sorted(grouped)
    )
    paths = [path for group in groups for path in group.paths]
    cells = {(layer, path): Cell(layer, path, by_cell.get((layer, path), ())) for layer in layers for path in paths}
    return Matrix(layers, groups, cells)


def delivered(path: Path, facts: Facts) -> str:
    """Return the title of the representation that the path's runtime is given."""
    return facts.title(path[-2] if len(path) > 1 else path[0])


def short(path: Path) -> str:
    """Return the path without its root."""
    return " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ".join(path[1:] or path)
