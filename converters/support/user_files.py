"""What the user supplies: files found through environment variables, looked at before they are used, and called."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnparity.contracts import NotHere, Unsupported

DOCUMENT = "docs/your_own_runtimes.md"
ELF, SCRIPT = b"\x7fELF", b"#!"
HEADER_BYTES = 20
MACHINES = {"x86_64": 62, "aarch64": 183}
EXECUTABLE, SHARED = 2, 3
KEPT = 12
LOGGED = re.compile(r"^(?:\[[^\]]*\]\s*)+")  # level, time and place of a line in a log, which differ from run to run


@dataclass(frozen=True)
class Wanted:
    """A file that the user supplies.

    variable: the environment variable with its path, or with a folder's in which it lies at one of `places`, globs.
    what: the file in words. library: it is loaded and not called.
    """

    variable: str
    what: str
    places: tuple[str, ...] = ()
    library: bool = False

    def path(self) -> Path | None:
        """Return where it is, None if it is not there."""
        said = os.environ.get(self.variable, "")
        if not said:
            return None
        root = Path(said).expanduser().absolute()
        found = [root] if not self.places else [one for place in self.places for one in sorted(root.glob(place))]
        return next((one for one in found if one.is_file()), None)

    def needed(self) -> Path:
        """Return where it is. Raises NotHere with what `missing` says."""
        missing = self.missing()
        path = self.path()
        if missing or path is None:
            raise NotHere(missing)
        return path

    def missing(self) -> str:
        """Return what is wrong with what the user supplied, and what to supply; "" if nothing is."""
        said = os.environ.get(self.variable, "")
        where = f"the folder with {self.what} in it" if self.places else f"the path of {self.what}"
        wanted = f"set {self.variable} to {where}; see {DOCUMENT}"
        if not said:
            return wanted
        path = self.path()
        if path is None:
            looked = f", looked for {', '.join(self.places)}" if self.places else ""
            return f"{self.variable}={said}: not found there{looked}; {wanted}"
        wrong = _wrong_kind(path, library=self.library)
        return f"{path}: {wrong}; {wanted}" if wrong else ""

    def identity(self) -> str:
        """Return what tells this file from another or a newer one, "" if it is not there."""
        path = self.path()
        if path is None:
            return ""
        known = path.stat()
        return f"{self.variable} {path.name} {known.st_size} {known.st_mtime_ns}"


def missing(wanted: Sequence[Wanted]) -> str:
    """Return what the first of these says that is not there, "" if all are."""
    return next((said for said in (one.missing() for one in wanted) if said), "")


def identity(wanted: Sequence[Wanted]) -> str:
    """Return what tells these files from others; "" unless all are there."""
    known = [one.identity() for one in wanted]
    return "\n".join(known) if all(known) else ""


def _wrong_kind(path: Path, *, library: bool) -> str:
    """Return why the file cannot be loaded or called here, "" if by its first bytes it can."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as problem:
        return f"it cannot be read: {problem.strerror}"
    machine = MACHINES.get(platform.machine())
    if header.startswith(ELF):
        kind, made_for = (int.from_bytes(header[place : place + 2], "little") for place in (16, 18))
        if machine is not None and made_for != machine:
            names = {number: name for name, number in MACHINES.items()}
            return f"it is made for {names.get(made_for, f'machine {made_for}')}, and this is {platform.machine()}"
        if kind not in ((SHARED,) if library else (EXECUTABLE, SHARED)):
            return f"it is an object file of kind {kind}, no {'shared library' if library else 'program'}"
    elif library or not header.startswith(SCRIPT):
        return f"it is no {'shared library' if library else 'program'}: it starts with {header[:4]!r}"
    if not library and not os.access(path, os.X_OK):
        return f"it may not be executed; chmod +x {path}"
    return ""


@dataclass(frozen=True)
class Said:
    """How a program ended, and all that it printed."""

    program: str
    code: int
    text: str

    def refuse(self, words: str, *, failed: bool) -> None:
        """Raise Unsupported with the line in which a program that failed declares, in such words, what it lacks."""
        lines = self.text.splitlines() if failed else []
        found = next((place for place, line in enumerate(lines) if re.search(words, line)), None)
        if found is not None:  # a line may only announce what the next one lists
            raise Unsupported(f"{self.program}: {' '.join(map(_without_prefix, lines[found : found + 2]))}")

    def demand(self, *codes: int) -> None:
        """Raise RuntimeError unless it ended with one of these codes, 0 if none is given."""
        if self.code < 0:
            name = signal.Signals(-self.code).name
            raise RuntimeError(f"{self.program} crashed (signal {-self.code}, {name}); {self.last_words}")
        if self.code not in (codes or (0,)):
            raise RuntimeError(f"{self.program} ended with code {self.code}; {self.last_words}")

    def demand_file(self, path: Path, *, empty: bool = False) -> Path:
        """Return the file that it should have written. Raises RuntimeError if it is not there, or empty and may not."""
        if not path.is_file() or (path.stat().st_size == 0 and not empty):
            state = "empty" if path.is_file() else "no"
            raise RuntimeError(f"{self.program} left {state} {path.name}, with code {self.code}; {self.last_words}")
        return path

    @property
    def last_words(self) -> str:
        lines = [_without_prefix(line) for line in self.text.splitlines() if line.strip()]
        return "its last words: " + (" | ".join(lines[-KEPT:]) or "none")


def _without_prefix(line: str) -> str:
    return LOGGED.sub("", line.strip())


def call(command: Sequence[str | Path], *, folder: Path, variables: Mapping[str, str] | None = None) -> Said:
    """Run a program in a folder and return how it ended; who called the component sets the limit of time.

    Raises NotHere if the system cannot start it.
    """
    program = Path(command[0]).name
    try:
        ran = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as problem:
        raise NotHere(f"{command[0]} cannot be started: {problem.strerror}; see {DOCUMENT}") from problem
    text = ran.stdout.decode(errors="replace")
    return Said(program, ran.returncode, text.replace(f"{folder}/", ""))  # a folder of its own, named by chance


def with_libraries(*folders: Path) -> dict[str, str]:
    """Return the variables with which a program finds the libraries in these folders first."""
    known = os.environ.get("LD_LIBRARY_PATH", "")
    return {"LD_LIBRARY_PATH": os.pathsep.join([*map(str, folders), *([known] if known else [])])}
