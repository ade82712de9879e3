"""What `nnparity check` says in the terminal: a line for each path."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from nnparity.divergence import KnownDivergence
from nnparity.given import Given
from nnparity.outcome import Outcome, Status
from nnparity.progress import NEW, RANK

OPERATORS_NAMED = 4
DETAIL = 300
TRACEBACK = "Traceback (most recent call last):"


def said_of_model(given: Given) -> str:
    """Return what is known of the model, and by what its paths are judged."""
    read = given.native
    inputs = ", ".join(f"{spec.name} {spec.dtype} ({', '.join(map(str, spec.shape))})" for spec in read.inputs)
    takes = f"it takes {inputs or 'nothing'} and gives {', '.join(read.outputs)}"
    if given.exact is not None:
        return f"{takes}. Right is what the model itself gives in float64, run by {given.runtime}."
    return (
        f"{takes}. Right is what the model itself gives in {read.dtype}, run by {given.runtime}, and what is allowed "
        f"comes from how far that moves with its inputs{' and weights' if given.moved else ''}: not in float64, since "
        f"{given.why_not}."
    )


def lines_of(outcomes: Sequence[Outcome], *, several: bool) -> list[str]:
    """Return a line for each path: its worst verdict, how many cases matched, the worst error, its operators."""
    by_path: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        way = outcome.path_id.partition(">")[2]
        by_path.setdefault(f"{outcome.layer}: {way}" if several else way, []).append(outcome)
    width = max(map(len, by_path), default=0)
    return [_line(way, ran, width) for way, ran in sorted(by_path.items())]


def hints_of(outcomes: Sequence[Outcome], known: Sequence[KnownDivergence]) -> list[str]:
    """Return, for every component that may be to blame for a failure, how many known divergences of it end like that.

    Whether one of them is the cause, the entry cannot say: it speaks about its layer's config.
    """
    counted: dict[str, set[str]] = {}
    for outcome in outcomes:
        steps = (outcome.component,) if outcome.component else outcome.path[1:]
        for entry in known if outcome.verdict in NEW else ():
            if entry.component in steps and entry.shown_by(outcome):
                counted.setdefault(entry.component, set()).add(entry.id)
    return [
        f"{len(found)} known divergences of {name} end like this in layers; "
        f"`nnparity run --component {name}` lists them with their causes"
        for name, found in sorted(counted.items())
    ]


def _line(way: str, outcomes: Sequence[Outcome], width: int) -> str:
    worst = min(outcomes, key=lambda outcome: RANK[outcome.verdict])
    compared = [outcome for outcome in outcomes if not math.isnan(outcome.error_over_budget)]
    said = []
    if compared:
        matched = sum(outcome.status is Status.MATCH for outcome in outcomes)
        greatest = max(outcome.error_over_budget for outcome in compared)
        others = Counter(outcome.verdict for outcome in outcomes if outcome.status is not Status.MATCH)
        counts = [f"{matched} of {len(outcomes)} match", *(f"{n} {one.value}" for one, n in others.items())]
        said.append(f"{', '.join(counts)}, worst error {greatest:.2g} of what rounding explains")
        said.append(_operators(compared[0].op_counts))
    if worst.known:
        said.append(f"known: {worst.known}")
    if worst.status is not Status.MATCH and worst.detail:
        said.append(f"{worst.stage.value}: {_telling(worst.detail)[:DETAIL]}")
    return f"{worst.verdict.value:<11} {way:<{width}}  {'; '.join(filter(None, said))}"


def _telling(detail: str) -> str:
    """Return the line that says most: the first; where a whole traceback follows it, the last one."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()]
    return lines[-1] if lines[0].endswith(TRACEBACK) else lines[0]


def _operators(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many operators the last step has, the most frequent by name."""
    if not counts:
        return ""
    last = list(counts.values())[-1]
    ordered = sorted(last.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{name} {count}" for name, count in ordered[:OPERATORS_NAMED])
    more = f", and {len(ordered) - OPERATORS_NAMED} more kinds" if len(ordered) > OPERATORS_NAMED else ""
    total = sum(last.values())
    return f"{total} operator{'s' * (total != 1)} ({named}{more})" if last else ""
