"""Starts a worker that never answers, says which process it is, and waits to be killed with it."""

from __future__ import annotations

import sys
from pathlib import Path

from nnparity.remote import ProcessWorker


def main(component: str, representation: str) -> None:
    worker = ProcessWorker(
        Path(sys.executable),
        components={"endless": component},
        representations={"table": representation},
        variables={},
        memory_bytes=2**33,
    )
    worker.call({"op": "ping"}, {}, seconds=60)
    print(worker._process.pid, flush=True)  # noqa: T201 to the test
    worker.call(
        {"op": "load", "component": "endless", "session": "s", "source": ".", "source_key": "k"}, {}, seconds=600
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
