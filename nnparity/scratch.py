"""Folders to make something in; they go with their owner, or, if that is killed, when the next one comes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path

PREFIX = "unfinished-"


class Scratch:
    """New folders within `folder`. The owner's hold on them is a lock, which its death lets go, however it dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own: Path | None = None
        self._lock = threading.Lock()
        for place in folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                held = _held(place)
                if held is not None:
                    _leave(os.getpid(), held, place)

    def new(self) -> Path:
        """Return a new empty folder. Raises OSError."""
        with self._lock:
            if self._own is None:
                self._own = self._claimed()
            return Path(tempfile.mkdtemp(dir=self._own))

    def _claimed(self) -> Path:
        while True:
            place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._folder))
            held = _held(place)
            if held is not None:  # else another process that was just starting took it for left behind
                weakref.finalize(self, _leave, os.getpid(), held, place)
                return place


def _held(place: Path) -> int | None:
    """Return a descriptor that holds the folder until it is closed; None if somebody else does, or it is gone."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(place)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _leave(owner: int, held: int, place: Path) -> None:
    """Remove the folder, and let it go; a fork of the owner leaves it to the owner."""
    if os.getpid() == owner:
        shutil.rmtree(place, ignore_errors=True)
    os.close(held)
