"""The workers of one environment: started when needed, reused, replaced when they die or grow."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from nnparity.outcome import Status
from nnparity.remote import CallFailed, ProcessWorker, Worker

PATIENCE_SECONDS = 3.0  # about what a framework's import costs: who waits less would pay more for a second one
GROWTH_BYTES = 4 * 2**30


class Pool:
    """At most `limit` workers; a further one is started only once callers have waited for PATIENCE_SECONDS in all."""

    def __init__(self, start: Callable[[], Worker], *, limit: int) -> None:
        self._start = start
        self._limit = limit
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._patience = PATIENCE_SECONDS

    @contextlib.contextmanager
    def lease(self, session: str = "") -> Iterator[Worker]:
        """Give one worker to one caller, if possible one that has this session loaded."""
        worker = self._take(session)
        try:
            yield worker
        finally:
            self._give_back(worker)

    def close(self) -> None:
        """Kill every worker, busy ones too."""
        with self._changed:
            self._closed = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.close()

    def _take(self, session: str) -> Worker:
        with self._changed:
            for dead in [one for one in self._idle if not one.alive]:  # died while nobody called: no caller's fault
                self._idle.remove(dead)
                dead.close()
            while not self._idle:
                if self._closed:
                    raise CallFailed(Status.NOT_RUN, "the pool of workers was closed before the call", lost=True)
                more = len(self._busy) < self._limit
                if not self._busy or (more and self._patience <= 0):
                    self._patience = PATIENCE_SECONDS
                    worker = self._start()
                    self._busy.add(worker)
                    return worker
                began = time.monotonic()
                self._changed.wait(self._patience if more else None)
                if more:
                    self._patience -= time.monotonic() - began
            loaded = next((one for one in self._idle if session in one.loaded), self._idle[-1])
            self._idle.remove(loaded)
            self._busy.add(loaded)
            return loaded

    def _give_back(self, worker: Worker) -> None:
        if isinstance(worker, ProcessWorker) and worker.peak_bytes > GROWTH_BYTES < worker.resident_bytes:
            worker.close()
        with self._changed:
            self._busy.discard(worker)
            if worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                worker.close()
            self._changed.notify()
