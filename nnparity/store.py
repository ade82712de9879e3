"""Keeps outcomes in a file, a line each, so that a run that dies loses at most the line it was writing."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nnparity.errors import UserError
from nnparity.merging import merged_facts, settled, without_those_that_ran
from nnparity.outcome import Outcome, Verdict
from nnparity.sharing import Shared

RESULTS = "results.jsonl"
PREVIOUS = "results.previous.jsonl"
LOCK = ".lock"
SCHEMA_NAME = "nnparity-results"
SCHEMA_NUMBER = 1
SCHEMA = f"{SCHEMA_NAME}/{SCHEMA_NUMBER}"

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Results:
    """What one or more runs recorded. notes: what was left out while reading, and why."""

    facts: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()


def read_results(path: Path) -> Results:
    """Return what a results file, or a folder with one, holds.

    A line that a killed run left unfinished is dropped and said. Raises UserError for a file that is not ours, is
    of a newer schema, or has a bad line before its last.
    """
    path = path / RESULTS if path.is_dir() else path
    try:
        with path.open("rb") as file:
            lines = _Lines.of(path, file)
    except OSError as error:
        raise UserError(f"reading {path}: {error.strerror}; expected a {RESULTS} that nnparity run wrote") from error
    if not lines.facts:
        raise UserError(f"reading {path}: the run ended before its first line was written; repeat the run")
    return _results(lines.facts, lines.outcomes, lines.notes)


def merge(*results: Results) -> Results:
    """Return several results as one, the same in whatever order they are given.

    A case that ran anywhere is not "not run"; equal answers to one question are kept once, different ones all.
    """
    facts = [dict(one.facts) for one in results]
    outcomes = [outcome for one in results for outcome in one.outcomes]
    return _results(facts, outcomes, sorted({note for one in results for note in one.notes}))


def _results(facts: list[dict[str, Any]], outcomes: list[Outcome], notes: list[str]) -> Results:
    kept = settled(outcomes)
    return Results(without_those_that_ran(merged_facts(facts), kept), kept, tuple(notes))


class ResultsWriter:
    """Appends outcomes to DIR/results.jsonl, each as one whole line; the folder's only writer while it is open.

    Without `resume`, results that are there already are moved to results.previous.jsonl. With it they stay, and
    `recorded` holds the (case, path_id) of all that need not be repeated: those that ran.
    notes: what was moved or dropped on opening. Every method raises UserError if the folder cannot be written to.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any], *, resume: bool = False) -> None:
        self.path = folder / RESULTS
        self.recorded: set[tuple[str, str]] = set()
        self.notes: tuple[str, ...] = ()
        self._folder = folder
        self._facts = json.loads(json.dumps(dict(facts)))
        self._resume = resume
        self._file = -1
        self._open_files = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened, _failures_said(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            opened.callback(os.close, _locked(self._folder))
            kept = self._kept()
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            opened.callback(os.close, self._file)
            os.ftruncate(self._file, kept.whole_bytes)
            self.recorded = {one.key for one in kept.outcomes if one.verdict is not Verdict.NOT_RUN}
            self.notes = (*self.notes, *kept.notes)
            known = merged_facts(kept.facts)
            added = {name: value for name, value in self._facts.items() if name not in known or known[name] != value}
            if added or not kept.facts:
                self.add_facts(added)
            self._open_files = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file = -1
        self._open_files.close()

    def fileno(self) -> int:
        """Return the descriptor of the open results file."""
        return self._file

    def write(self, outcome: Outcome) -> None:
        """Record one outcome; when this returns, it stays even if the process is killed."""
        self._append(outcome.to_json())

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Record facts that are known only later; readers merge them with the first line's."""
        self._append({"schema": SCHEMA, **facts})

    def _append(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record).encode() + b"\n"
        with _failures_said(self._folder):
            size = os.fstat(self._file).st_size
            try:
                while line:  # once round, unless the disk is full
                    line = line[os.write(self._file, line) :]
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._file, size)
                raise

    def _kept(self) -> _Lines:
        """Return what stays of an earlier run, after moving aside what does not."""
        if not self.path.exists():
            return _Lines()
        if self._resume:
            return _lines_of_ours(self.path)
        _refuse_foreign(self.path)
        previous = self._folder / PREVIOUS
        if previous.exists():
            _refuse_foreign(previous)
        self.path.replace(previous)
        self.notes = (f"the results of an earlier run were moved to {PREVIOUS}",)
        return _Lines()


@dataclass(frozen=True)
class _Lines:
    """A results file, read. whole_bytes: up to the end of its last whole line."""

    facts: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole_bytes: int = 0

    @classmethod
    def of(cls, path: Path, data: Iterable[bytes]) -> _Lines:
        """Return what is in the lines of a file, each with its end; equal values are kept once."""
        found, shared, torn, number, whole_bytes = cls(), Shared(), b"", 0, 0
        for number, line in enumerate(data, start=1):
            if not line.endswith(b"\n"):
                torn = line
                break
            whole_bytes += len(line)
            try:
                record = json.loads(line)
                if number == 1 or "schema" in record:
                    found.facts.append(_facts(path, record))
                else:
                    found.outcomes.append(shared.outcome(_outcome(record)))
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                if number == 1:
                    raise _foreign(path) from error
                raise UserError(
                    f"reading {path}: line {number} is not an outcome ({type(error).__name__}: {error}); "
                    "restore the file, or delete that line"
                ) from error
        if not whole_bytes and not _may_become_ours(torn):
            raise _foreign(path)
        if whole_bytes and torn:
            found.notes.append(f"the last line was unfinished ({len(torn)} bytes) and is left out")
        return replace(found, whole_bytes=whole_bytes)


def _facts(path: Path, record: Any) -> dict[str, Any]:
    name, slash, number = record["schema"].partition("/") if isinstance(record["schema"], str) else ("", "", "")
    if name != SCHEMA_NAME or not slash or not number.isdecimal():
        raise ValueError(f"schema: expected {SCHEMA}")
    if int(number) > SCHEMA_NUMBER:
        raise UserError(
            f"reading {path}: it has schema {SCHEMA_NAME}/{int(number)}, and this nnparity reads up to {SCHEMA}; "
            "use the nnparity that wrote it, or a newer one"
        )
    return {name: value for name, value in record.items() if name != "schema"}


def _outcome(record: Any) -> Outcome:
    """Return the outcome; raises TypeError, KeyError or ValueError for whatever is not one."""
    outcome = Outcome.from_json(record)
    if not (isinstance(record["path"], list) and record["path"]):
        raise TypeError("path: expected a list of step names")
    texts = (outcome.case, outcome.layer, outcome.known, outcome.component, outcome.detail, outcome.reproduce)
    if not all(isinstance(text, str) for text in (*texts, *outcome.path, *outcome.open_axes)):
        raise TypeError("case, layer, path, known, component, open_axes, detail, reproduce: expected text")
    steps = (outcome.op_counts, outcome.op_total, outcome.seconds)
    if not all(
        isinstance(item, Mapping) for item in (outcome.config, outcome.evidence, *steps, *outcome.op_counts.values())
    ):
        raise TypeError("config, op_counts, op_total, seconds, evidence: expected objects")
    counts = (*outcome.op_total.values(), *(n for step in outcome.op_counts.values() for n in step.values()))
    if not all(isinstance(count, int) for count in counts):
        raise TypeError("op_counts, op_total: expected whole numbers")
    return outcome


def _may_become_ours(torn: bytes) -> bool:
    """Return whether a file without one whole line is the beginning of a first line of ours."""
    opening = json.dumps({"schema": SCHEMA}).encode()[:-1]
    return opening.startswith(torn) or torn.startswith(opening)


def _refuse_foreign(path: Path) -> None:
    """Raise UserError if the file is not a results file."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise _foreign(path)
    with path.open("rb") as file:
        _Lines.of(path, [file.readline()])


def _lines_of_ours(path: Path) -> _Lines:
    _refuse_foreign(path)
    with path.open("rb") as file:
        return _Lines.of(path, file)


def _foreign(path: Path) -> UserError:
    return UserError(
        f"{path} is not a results file of nnparity (its first line does not say {SCHEMA}); it is left as it is: "
        "give another file or folder"
    )


def _locked(folder: Path) -> int:
    """Return a descriptor that holds the folder's lock until it is closed, even by the process's death."""
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise UserError(
            f"writing results into {folder}: another run is doing so (process {holder}); "
            "wait for it to end, or give another folder with --out"
        ) from None
    except OSError:
        os.close(lock)
        raise
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


@contextmanager
def _failures_said(folder: Path) -> Iterator[None]:
    """Turn the system's refusals into a message about the folder."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            why = "no space is left on its disk, or the size limit is reached; free some, and go on with --resume"
        elif error.errno in _NO_PERMISSION:
            why = "no permission to write there; give another folder with --out"
        else:
            why = f"{error.strerror}; give another folder with --out"
        raise UserError(f"writing results into {folder}: {why}. What was recorded before stays.") from error
