"""Shows a run as it goes: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nnparity.outcome import Outcome, Verdict

NEW = {Verdict.FAIL, Verdict.XPASS}
PLAIN_SECONDS = 15.0
# Worst first: a cell of layer and path shows the worst that has come up there.
GLYPHS = {
    Verdict.FAIL: "✗",
    Verdict.XPASS: "!",
    Verdict.XFAIL: "◆",
    Verdict.ALLOWED: "◇",
    Verdict.NOT_RUN: "-",
    Verdict.PASS: "✓",
    Verdict.UNSUPPORTED: "∅",
}
RANK = {verdict: rank for rank, verdict in enumerate(GLYPHS)}
STYLES = {
    Verdict.PASS: "green",
    Verdict.XFAIL: "yellow",
    Verdict.ALLOWED: "cyan",
    Verdict.FAIL: "bold red",
    Verdict.XPASS: "bold magenta",
    Verdict.UNSUPPORTED: "dim",
    Verdict.NOT_RUN: "dim",
}


class Progress:
    """Counts verdicts by layer and path; `expected` is how many checks each layer will have."""

    def __init__(self, console: Console, expected: Mapping[str, int], paths: Sequence[str]) -> None:
        self._console = console
        self._expected = expected
        self._paths = paths
        self._cells: dict[tuple[str, str], Verdict] = {}
        self._counts: dict[str, Counter[Verdict]] = {layer: Counter() for layer in expected}
        self._started = time.monotonic()
        self._said = self._started
        self._live = (
            Live(console=console, get_renderable=self._table, refresh_per_second=4) if console.is_terminal else None
        )
        self._failed: set[tuple[str, str, str, str]] = set()

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, problem, trace)
        else:
            self._line()

    def add(self, outcome: Outcome) -> None:
        """Count one outcome; the first new failure of each kind of a layer on a path is shown at once."""
        self._counts.setdefault(outcome.layer, Counter())[outcome.verdict] += 1
        cell = (outcome.layer, outcome.path_id)
        self._cells[cell] = min(outcome.verdict, self._cells.get(cell, outcome.verdict), key=RANK.__getitem__)
        place = (*cell, outcome.status.value, outcome.verdict.value)
        if outcome.verdict in NEW and place not in self._failed:
            self._failed.add(place)
            self._console.print(failure_line(outcome), soft_wrap=True)
        now = time.monotonic()
        if self._live is None and now - self._said >= PLAIN_SECONDS:
            self._said = now
            self._line()

    @property
    def done(self) -> int:
        return sum(counts.total() for counts in self._counts.values())

    @property
    def seconds_left(self) -> float:
        """Time that the rest takes at the mean rate so far."""
        elapsed = time.monotonic() - self._started
        return elapsed / self.done * max(0, sum(self._expected.values()) - self.done) if self.done else 0.0

    def _line(self) -> None:
        self._console.print(self._summary(), soft_wrap=True)

    def _summary(self) -> Text:
        elapsed = time.monotonic() - self._started
        totals: Counter[Verdict] = sum(self._counts.values(), Counter())
        said = ", ".join(f"{totals[verdict]} {verdict.value}" for verdict in Verdict if totals[verdict])
        whole = sum(self._expected.values())
        rate = self.done / elapsed if elapsed else 0.0
        left = clock(self.seconds_left)
        return Text(
            f"{self.done}/{whole} checks, {rate:.1f}/s, {clock(elapsed)} gone, {left} left: {said or 'starting'}"
        )

    def _table(self) -> Group:
        table = Table(box=None, pad_edge=False)
        table.add_column("layer", no_wrap=True)
        table.add_column(f"its {len(self._paths)} paths, as `nnparity list paths` orders them", no_wrap=True)
        table.add_column("done", justify="right", no_wrap=True)
        for layer, counts in self._counts.items():
            done = f"{counts.total()}/{self._expected.get(layer, 0)}"
            table.add_row(Text(layer), Text.assemble(*(self._cell(layer, path) for path in self._paths)), done)
        legend = "   ".join(f"{glyph} {verdict.value}" for verdict, glyph in GLYPHS.items())
        return Group(table, Text(legend, style="dim"), self._summary())

    def _cell(self, layer: str, path: str) -> tuple[str, str]:
        verdict = self._cells.get((layer, path))
        return ("·", "dim") if verdict is None else (GLYPHS[verdict], STYLES[verdict])


def failure_line(outcome: Outcome) -> Text:
    """Return one line that says what is new and how to see it again."""
    place = f"{outcome.layer} {outcome.path_id}: {outcome.stage.value} {outcome.status.value}: "
    detail = " ".join(outcome.detail.split())[:300]
    return Text(
        f"{outcome.verdict.value} {place}{detail}; repeat with: {outcome.reproduce}", style=STYLES[outcome.verdict]
    )


def clock(seconds: float) -> str:
    """Return minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
