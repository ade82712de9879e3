"""What becomes of the script of a known divergence: whether it shows it here, and if not, why."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nnparity.bench import Bench
from nnparity.by_hand import AllByHand
from nnparity.case_at import CaseAt
from nnparity.check import check
from nnparity.discovery import Route
from nnparity.divergence import KnownDivergence
from nnparity.environments import Environments
from nnparity.making import CannotReproduce, DeclaredNotShown
from nnparity.oracle import Oracle
from nnparity.outcome import Status
from nnparity.reproduce import Ended, Reproduction, reproduction, run_script
from nnparity.script import NOT_SHOWN, SHOWN

MOST_PATHS = 4
SAID = 3000


class Became(enum.Enum):
    """What became of a script."""

    SHOWS = "shows"
    DECLARED = "declared"
    NOT_HERE = "not here"
    MASKED = "masked"
    NO_SCRIPT = "no script"
    DOES_NOT = "does not show"
    OTHERWISE = "otherwise"

    @property
    def right(self) -> bool:
        """Whether it shows, or is among what is said to show in no script."""
        return self in {Became.SHOWS, Became.DECLARED}


@dataclass(frozen=True)
class Tried:
    """What became of a known divergence's script. path: on which it was tried. said: why it is not shown."""

    became: Became
    path: str = ""
    said: str = ""
    made: Reproduction | None = None


def tried(entry: KnownDivergence, bench: Bench, out: Path, by_hand: AllByHand, *, times: int = 1) -> Tried:
    """Write the script of the entry's witness below `out`, on the first path on which it can be made, and run it.

    It SHOWS where it does so each of so many times: what hangs on memory that nobody wrote may do so most times.
    NOT_HERE only where no path of it can run here, or some environment is not built, so that it may show elsewhere.
    MASKED where the witness shows something else on every path that can run.
    """
    if not bench.holds_here(entry):
        return Tried(Became.NOT_HERE, said=f"it is about {entry.about}, which this machine has not")
    oracle = Oracle(bench)
    declared: dict[str, str] = {}
    problems: dict[str, str] = {}
    for route in islice(paths_that_show(entry, bench, oracle, by_hand), MOST_PATHS):
        try:
            made = reproduction(CaseAt(entry.witness, route), bench, oracle, out, by_hand, entry=entry)
        except DeclaredNotShown as problem:
            declared[route.id] = str(problem)
        except CannotReproduce as problem:
            problems[route.id] = str(problem)
        else:
            ended = _run(made, bench.environments, times)
            became = {SHOWN: Became.SHOWS, NOT_SHOWN: Became.DOES_NOT}.get(ended.code, Became.OTHERWISE)
            return Tried(became, route.id, "" if ended.shows else ended.said[-SAID:], made)
    if problems:
        return Tried(Became.NO_SCRIPT, next(iter(problems)), _joined(problems.values()))
    if declared:
        path, said = next(iter(declared.items()))
        return Tried(Became.DECLARED, path, said)
    unbuilt, absent, others = [], [], []
    for route in paths_of(entry, bench):
        unbuilt += [f"not built here: {name}" for name in not_built(route, bench)]
        missing = not_here(route, bench)
        outcome = None if missing else check(entry.witness, route, bench, oracle)
        if outcome is None or outcome.status is Status.NOT_RUN:
            absent.append(outcome.detail if outcome else missing)
        else:
            others.append(f"{route.id}: {outcome.stage.value} {outcome.status.value} {outcome.known}".strip())
    said = f"its witness shows something else: {_joined(others)}" if others else ""
    if unbuilt or (absent and not others):
        return Tried(Became.NOT_HERE, said=_joined(filter(None, [*unbuilt, *absent, said])))
    return Tried(Became.MASKED, said=said or f"no path fits {entry.paths!r}")


def _run(made: Reproduction, environments: Environments, times: int) -> Ended:
    """Run a script so many times, or until it does not show, and return how it ended last."""
    ended = run_script(made, environments)
    for _ in range(times - 1):
        if not ended.shows:
            break
        ended = run_script(made, environments)
    return ended


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(parts))[:SAID]


def paths_of(entry: KnownDivergence, bench: Bench) -> list[Route]:
    """Return the paths on which the entry's witness must show."""
    routes = bench.content.routes
    return [route for route in routes if entry.on_path(route.steps) and bench.content.binds(entry, route)]


def not_built(route: Route, bench: Bench) -> list[str]:
    """Return the environments of the path that are not built here."""
    return [name for name in bench.content.environments_on([route]) if not bench.environments.installed(name)]


def not_here(route: Route, bench: Bench) -> str:
    """Return why the path cannot run here, "" if it can."""
    missing = next(filter(None, map(bench.content.supply_missing, route.steps[1:])), "")
    return missing or ", ".join(f"not built here: {name}" for name in not_built(route, bench))


def paths_that_show(entry: KnownDivergence, bench: Bench, oracle: Oracle, by_hand: AllByHand) -> Iterator[Route]:
    """Yield the paths that can run here on which the entry's witness shows what the entry says.

    First those on which no other entry explains it too; of these short ones first, wholly done by hand before others.
    """
    content = bench.content

    def rank(route: Route) -> tuple[bool, int, bool]:
        missing = any(step not in by_hand.functions for step in route.steps[1:])
        return missing, len(route.steps), content.is_on_demand(route)

    others = []
    for route in sorted((one for one in paths_of(entry, bench) if not not_here(one, bench)), key=rank):
        outcome = check(entry.witness, route, bench, oracle)
        if not entry.shown_by(outcome):
            continue
        if outcome.known == entry.id:
            yield route
        else:
            others.append(route)
    yield from others
