"""What every stand-in for a user's program does: it is nothing outside its tests, and fails when told to."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path

FAULT, KEPT = "NNPARITY_STAND_IN", "NNPARITY_STAND_IN_KEEPS"
NO_TEST = 97
CALLED = ""  # the name of the program that is stood in for, as it was called


def start() -> str:
    """Return the fault that the test asks for; end the process if there is no test."""
    if FAULT not in os.environ:
        sys.stderr.write("this stands in for a program in nnparity's own tests; it is not that program\n")
        sys.exit(NO_TEST)
    keep("command", "\n".join(sys.argv[1:]).encode())
    return os.environ[FAULT]


def keep(name: str, content: bytes) -> None:
    """Leave for the test what was received under this name."""
    (Path(os.environ[KEPT]) / name).write_bytes(content)


def options(flags: Collection[str]) -> dict[str, str]:
    """Return the options of the command line: those in `flags` have no value, others take the next word."""
    words = iter(sys.argv[1:])
    return {word: "" if word in flags else next(words) for word in words}


def misbehave(fault: str) -> None:
    """Crash, fail, or end well with nothing done, if that is the fault."""
    if fault == "crash":
        sys.stdout.write("about to crash\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    if fault == "failure":
        sys.stdout.write("something broke\n")
        sys.exit(255)
    if fault == "nothing":
        sys.exit(0)


def cut(fault: str, content: bytes) -> bytes:
    """Return the content, or half of it if that is the fault."""
    return content[: len(content) // 2] if fault == "cut off" else content
