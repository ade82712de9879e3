"""A pool uses its workers again, replaces the dead and the grown, and starts a further one only after waiting."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity import pool as pool_module
from nnparity.contracts import Arrays
from nnparity.outcome import Status
from nnparity.pool import Pool
from nnparity.remote import CallFailed, ProcessWorker


class Stub:
    """A worker without a process."""

    def __init__(self) -> None:
        self.loaded: dict[str, int] = {}
        self.alive = True

    def call(self, request: Mapping[str, Any], arrays: Arrays, *, seconds: float) -> tuple[dict[str, Any], Arrays]:
        return {}, {}

    def close(self) -> None:
        self.alive = False


class Factory:
    """Starts stubs and counts them."""

    def __init__(self) -> None:
        self.started: list[Stub] = []

    def __call__(self) -> Stub:
        self.started.append(Stub())
        return self.started[-1]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Return how long a call waits for a worker before a further one is started."""
    monkeypatch.setattr(pool_module, "PATIENCE_SECONDS", 0.3)
    return 0.3


@settings(max_examples=50)
@given(st.lists(st.booleans(), max_size=12))
def test_worker_is_used_again_until_it_dies(deaths: list[bool]) -> None:
    factory = Factory()
    pool = Pool(factory, limit=3)
    for dies in deaths:
        with pool.lease() as worker:
            assert worker.alive
            if dies:
                worker.close()
    assert len(factory.started) == min(1, len(deaths)) + sum(deaths[:-1])


def test_worker_that_died_unseen_is_not_given_out() -> None:
    factory = Factory()
    pool = Pool(factory, limit=1)
    with pool.lease() as first:
        pass
    first.close()
    with pool.lease() as second:
        assert second is not first
        assert second.alive


def test_worker_is_given_back_whatever_its_user_raises() -> None:
    pool = Pool(Factory(), limit=1)
    with pytest.raises(ZeroDivisionError), pool.lease() as first:
        raise ZeroDivisionError
    with pool.lease() as second:
        assert second is first


def test_worker_that_has_the_session_is_preferred(impatient: float) -> None:
    pool = Pool(Factory(), limit=2)
    with pool.lease() as first, pool.lease() as second:
        first.loaded["one"] = 1
        second.loaded["two"] = 1
    for session, expected in (("one", first), ("two", second), ("one", first)):
        with pool.lease(session) as worker:
            assert worker is expected


def test_second_worker_is_started_only_after_waiting(impatient: float) -> None:
    factory = Factory()
    pool = Pool(factory, limit=2)
    with pool.lease():
        started = time.monotonic()
        with pool.lease():
            assert time.monotonic() - started >= impatient
    assert len(factory.started) == 2


@pytest.mark.parametrize(("waits", "workers"), [(1, 1), (9, 2)])
def test_waits_add_up_until_a_second_worker_pays(impatient: float, waits: int, workers: int) -> None:
    factory = Factory()
    pool = Pool(factory, limit=2)
    for _ in range(waits):
        held = threading.Event()

        def hold(held: threading.Event = held) -> None:
            with pool.lease():
                held.set()
                time.sleep(impatient / 3)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        with pool.lease():
            pass
        thread.join()
    assert len(factory.started) == workers


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_than_the_limit_work_at_once(impatient: float, limit: int) -> None:
    factory = Factory()
    pool = Pool(factory, limit=limit)
    busy: list[int] = [0, 0]
    lock = threading.Lock()

    def work() -> None:
        for _ in range(5):
            with pool.lease():
                with lock:
                    busy[0] += 1
                    busy[1] = max(busy)
                time.sleep(impatient / 4)
                with lock:
                    busy[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert busy[1] <= limit
    assert len(factory.started) <= limit


def test_closing_kills_busy_workers_and_starts_no_new_ones() -> None:
    factory = Factory()
    pool = Pool(factory, limit=1)
    refused: list[Status] = []

    def wait_for_one() -> None:
        with pytest.raises(CallFailed) as caught, pool.lease():
            pass
        refused.append(caught.value.status)

    with pool.lease() as worker:
        thread = threading.Thread(target=wait_for_one)
        thread.start()
        pool.close()
        assert not worker.alive
        thread.join()
    assert refused == [Status.NOT_RUN]
    assert len(factory.started) == 1


@pytest.fixture
def processes() -> Iterator[Pool]:
    """Yield a pool of real workers."""
    pool = Pool(
        lambda: ProcessWorker(
            Path(sys.executable), components={}, representations={}, variables={}, memory_bytes=2**33
        ),
        limit=1,
    )
    yield pool
    pool.close()


def test_worker_that_has_grown_is_replaced(processes: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    with processes.lease() as first:
        first.call({"op": "ping"}, {}, seconds=60)
    with processes.lease() as again:
        assert again is first
        monkeypatch.setattr(pool_module, "GROWTH_BYTES", 1)
    assert not first.alive
    with processes.lease() as second:
        assert second.call({"op": "ping"}, {}, seconds=60)[0]["numpy"]


def test_call_in_another_thread_ends_when_the_pool_closes(processes: Pool) -> None:
    ended: list[CallFailed] = []

    def call_until_closed() -> None:
        try:
            with processes.lease() as worker:
                while True:
                    worker.call({"op": "ping"}, {}, seconds=60)
        except CallFailed as problem:
            ended.append(problem)

    thread = threading.Thread(target=call_until_closed)
    thread.start()
    time.sleep(0.5)
    processes.close()
    thread.join(timeout=10)
    assert ended
    assert ended[0].lost
