"""Parent side of a worker: process, frames, deadline, kill, exit status to status."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

import numpy as np

from nnparity import memory
from nnparity.contracts import Arrays
from nnparity.frames import BadFrame, decode, encode
from nnparity.outcome import Status

WORKER = Path(__file__).with_name("worker.py")
STDERR_KEPT = 200
SLICE_SECONDS = 0.1
EXIT_SECONDS = 5.0  # a large process takes its time to write a core file
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


class CallFailed(Exception):
    """The call did not succeed.

    lost: the worker is gone with all it had loaded. no_space: the disk is full, which says nothing about the component.
    cause: the exception's name where it is NotMine or Refused, else "". module: the one that is not installed there.
    """

    def __init__(
        self,
        status: Status,
        detail: str,
        *,
        lost: bool,
        trace: str = "",
        no_space: bool = False,
        cause: str = "",
        module: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.lost = lost
        self.trace = trace
        self.no_space = no_space
        self.cause = cause
        self.module = module


class Worker(Protocol):
    """Something that answers requests: a process, or the host itself."""

    @property
    def alive(self) -> bool: ...

    @property
    def loaded(self) -> dict[str, int]:
        """The sessions that it holds, oldest first, with the megabytes that it held at most while it loaded each."""

    def call(self, request: Mapping[str, Any], arrays: Arrays, *, seconds: float) -> tuple[dict[str, Any], Arrays]:
        """Return the reply's header and arrays. Raises CallFailed."""

    def close(self) -> None: ...


class ProcessWorker:
    """One child process in a session of its own, so that a deadline can kill all that it started."""

    def __init__(
        self,
        interpreter: Path,
        *,
        components: Mapping[str, str],
        representations: Mapping[str, str],
        drawings: Mapping[str, str] = MappingProxyType({}),
        cuts: Mapping[str, str] = MappingProxyType({}),
        variables: Mapping[str, str],
        memory_bytes: int,
    ) -> None:
        self.loaded: dict[str, int] = {}
        self.peak_bytes = 0
        self._memory_bytes = memory_bytes
        self._stderr: collections.deque[bytes] = collections.deque(maxlen=STDERR_KEPT)
        self._buffer = bytearray()
        self._calls = 0
        self._closed = False
        self._lock = threading.RLock()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [str(interpreter), "-s", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment, **THREADS, "PYTHONHASHSEED": "0", **variables},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr  # noqa: S101 asked for above
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        self._drain = threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True)
        self._drain.start()
        served = {"components": components, "representations": representations, "drawings": drawings, "cuts": cuts}
        setup = json.dumps({kind: dict(files) for kind, files in served.items()})
        os.set_blocking(self._in, False)
        self._setup = setup.encode() + b"\n"

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """Memory that the process itself holds now, 0 if it is gone."""
        return memory.resident_bytes(self._process.pid)

    def call(self, request: Mapping[str, Any], arrays: Arrays, *, seconds: float) -> tuple[dict[str, Any], Arrays]:
        with self._lock:
            return self._call(request, arrays, seconds)

    def close(self) -> None:
        """Kill the process and everything that it started, and wait for it; a call in another thread ends at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with self._lock:  # a call in another thread must not find its descriptors used by somebody else
            self._closed = True
            self._drain.join(timeout=1)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _call(self, request: Mapping[str, Any], arrays: Arrays, seconds: float) -> tuple[dict[str, Any], Arrays]:
        if self._closed:
            raise CallFailed(Status.NOT_RUN, "the worker was closed before the call", lost=True)
        deadline = time.monotonic() + seconds
        self._calls += 1
        try:
            first, self._setup = self._setup, b""
            message = b"".join([first, *encode({**request, "call": self._calls}, arrays)])  # one write wakes it once
            self._send(message, deadline, seconds)
            header, outputs = decode(self._line(deadline, seconds), lambda size: self._take(size, deadline, seconds))
            failure = self._failure(header)
            self.peak_bytes = header.pop("peak_bytes", 0)
        except BadFrame as problem:
            self.close()
            raise CallFailed(Status.ERROR, f"the worker's answer is unreadable: {problem}", lost=True) from problem
        if failure is not None:
            raise failure
        return header, outputs

    def _failure(self, header: dict[str, Any]) -> CallFailed | None:
        """Return what a reply says went wrong. Raises BadFrame for one that is not the worker's reply to this call."""
        if header.pop("call", None) != self._calls:
            raise BadFrame("expected the reply to this call, got another; something else writes into the reply pipe")
        if header.pop("ok", False):
            return None
        try:
            return _failed(header)
        except (KeyError, ValueError) as problem:
            raise BadFrame(f"expected status and detail, got {header!r:.200}") from problem

    def _send(self, message: bytes, deadline: float, seconds: float) -> None:
        view = memoryview(message)
        while view:
            try:
                view = view[os.write(self._in, view) :]
            except BlockingIOError:
                self._wait(deadline, seconds, writing=True)
            except BrokenPipeError:
                raise self._dead() from None

    def _line(self, deadline: float, seconds: float) -> bytes:
        searched = 0
        while True:
            end = self._buffer.find(b"\n", searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return line
            searched = len(self._buffer)
            self._receive(deadline, seconds)

    def _take(self, size: int, deadline: float, seconds: float) -> bytes:
        while len(self._buffer) < size:
            self._receive(deadline, seconds)
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _receive(self, deadline: float, seconds: float) -> None:
        self._wait(deadline, seconds, writing=False)
        block = os.read(self._out, 1 << 20)
        if not block:
            raise self._dead()
        self._buffer += block

    def _wait(self, deadline: float, seconds: float, *, writing: bool) -> None:
        """Return when the pipe is ready; kill the worker at the deadline or past its memory limit."""
        poller = select.poll()
        poller.register(self._in if writing else self._out, select.POLLOUT if writing else select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self.close()
                raise CallFailed(Status.TIMEOUT, f"no answer within {seconds:g} s; killed", lost=True)
            if poller.poll(min(left, SLICE_SECONDS) * 1000):
                return
            if not self.alive and not poller.poll(0):  # a child of the worker keeps the pipe open
                raise self._dead()
            if memory.beyond(self._process.pid, self._memory_bytes):
                self.close()
                limit = self._memory_bytes / 2**30
                said = f"grew, with all that it started, past its limit of {limit:.1f} GiB; killed"
                raise CallFailed(Status.OUT_OF_MEMORY, said, lost=True)

    def _dead(self) -> CallFailed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=EXIT_SECONDS)
        code = self._process.poll()
        self.close()
        last = b"".join(self._stderr).decode(errors="replace").strip().splitlines()[-5:]
        said = "; its last words: " + " | ".join(last) if last else ""
        if (
            code == -signal.SIGKILL
        ):  # no fault of a component's own does that; it is how Linux ends what takes its memory
            return CallFailed(Status.OUT_OF_MEMORY, f"killed from outside (signal 9){said}", lost=True)
        if code is None:
            return CallFailed(Status.CRASH, f"closed its reply pipe in the middle of a call; killed{said}", lost=True)
        if code < 0:
            return CallFailed(Status.CRASH, f"died of signal {-code} ({signal.Signals(-code).name}){said}", lost=True)
        return CallFailed(Status.CRASH, f"exited with code {code} in the middle of a call{said}", lost=True)

    def _read_stderr(self, stream: IO[bytes]) -> None:
        """Keep the end of what is said. Only this thread closes the pipe: a child that lives on may hold it open."""
        with stream:
            while block := os.read(stream.fileno(), 1 << 16):
                self._stderr.append(block[-4096:])


def _failed(header: Mapping[str, Any]) -> CallFailed:
    """Return what a reply says went wrong; the worker that replied is still there."""
    return CallFailed(
        Status(header["status"]),
        header["detail"],
        lost=False,
        trace=header["traceback"],
        no_space=bool(header.get("no_space")),
        cause=str(header.get("cause", "")),
        module=str(header.get("module", "")),
    )


class LocalWorker:
    """Serves in the host's own process, for a debugger: no deadline, no protection."""

    def __init__(self, **served: Mapping[str, str]) -> None:
        from nnparity.worker import Server

        self.loaded: dict[str, int] = {}
        self._server = Server(**served)

    @property
    def alive(self) -> bool:
        return True

    def call(self, request: Mapping[str, Any], arrays: Arrays, *, seconds: float) -> tuple[dict[str, Any], Arrays]:
        header, outputs = self._server.answer(request, {name: np.array(array) for name, array in arrays.items()})
        if not header.pop("ok"):
            raise _failed(header)
        return header, {name: np.asarray(array) for name, array in outputs.items()}

    def close(self) -> None:
        self._server.forget()
