"""A worker gives whatever a component does its own status, and the next call is answered as if nothing had been."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnparity import remote
from nnparity.contracts import Arrays, Artifact, TensorSpec
from nnparity.outcome import Status
from nnparity.remote import CallFailed, ProcessWorker
from nnparity.worker import ARTIFACT, describe_artifact

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

PATIENT = 60.0
ROOMY = 2**33
COMPONENT = """
import json, os, signal, subprocess, sys, threading, time
from pathlib import Path
import numpy as np
from nnparity.contracts import NotHere, Unsupported

HERE = Path(__file__).parent

def reply_pipe():
    # The only pipe beside stderr that this process writes to.
    for number in sorted(map(int, os.listdir("/proc/self/fd"))):
        target = os.readlink(f"/proc/self/fd/{number}") if os.path.exists(f"/proc/self/fd/{number}") else ""
        same = number > 2 and target.startswith("pipe:") and target != os.readlink("/proc/self/fd/2")
        if same and os.get_inheritable(number) is False and writable(number):
            return number

def writable(number):
    import fcntl
    return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY

class Subject:
    name = "subject"
    environment = "any"
    source = target = "table"
    accepts = ("table",)

    def convert(self, artifact):
        if (HERE / "good").exists():
            return artifact.converted("table", artifact.model)
        BODY

    def load(self, artifact):
        return self

    def run(self, inputs):
        if (HERE / "good").exists():
            return inputs
        BODY

COMPONENT = Subject()
"""


class Bed:
    """A worker with one component that misbehaves until it is told to be good."""

    def __init__(self, world: World, body: str, memory_bytes: int) -> None:
        self.folder = world.folder / "subject"
        self.folder.mkdir()
        file = self.folder / "subject.py"
        file.write_text(COMPONENT.replace("BODY", body.replace("\n", "\n        ")), encoding="utf-8")
        self._made = 0
        self._source = self.folder / "source"
        self._source.mkdir()
        artifact = Artifact("table", None, (TensorSpec("x", "float32", (2,)),), ("y",), {}, {"Mul": 1})
        with open(self._source / "table.npz", "wb") as stream:
            np.savez(stream, factor=np.float32(2))
        (self._source / ARTIFACT).write_text(json.dumps(describe_artifact(artifact)), encoding="utf-8")
        self.representation = world.converters / "representations" / "table.py"
        self._file = file
        self._memory_bytes = memory_bytes
        self.worker = self.start()

    def start(self) -> ProcessWorker:
        worker = ProcessWorker(
            Path(sys.executable),
            components={"subject": str(self._file)},
            representations={"table": str(self.representation)},
            variables={},
            memory_bytes=self._memory_bytes,
        )
        worker.call({"op": "ping"}, {}, seconds=PATIENT)
        return worker

    def convert(self, *, seconds: float = PATIENT) -> dict[str, Any]:
        self._made += 1
        target = self.folder / f"target{self._made}"
        target.mkdir()
        request = {"op": "convert", "component": "subject", "source": str(self._source), "source_key": "s"}
        return self.worker.call({**request, "target": str(target)}, {}, seconds=seconds)[0]

    def run(self, arrays: Arrays) -> Arrays:
        request = {
            "op": "load",
            "component": "subject",
            "session": "one",
            "source": str(self._source),
            "source_key": "s",
        }
        self.worker.call(request, {}, seconds=PATIENT)
        sets = {f"0/{name}": array for name, array in arrays.items()}
        run = {"op": "run", "session": "one", "sets": 1, "inputs": list(arrays)}
        outputs = self.worker.call(run, sets, seconds=PATIENT)[1]
        return {name.partition("/")[2]: array for name, array in outputs.items()}

    def failure(self, *, seconds: float = PATIENT) -> CallFailed:
        with pytest.raises(CallFailed) as caught:
            self.convert(seconds=seconds)
        return caught.value

    def assert_goes_on(self, failure: CallFailed) -> None:
        """The worker is gone exactly if it says so, and the next call, on a new one if need be, is answered."""
        assert self.worker.alive is not failure.lost
        (self.folder / "good").touch()
        if failure.lost:
            self.worker = self.start()
        assert self.convert()["seconds"] >= 0
        outputs = self.run({"x": np.arange(3.0)})
        np.testing.assert_array_equal(outputs["x"], np.arange(3.0))


@pytest.fixture
def bed(world: World) -> Iterator[Callable[..., Bed]]:
    """Yield f(body of convert and run) -> a bed with that component."""
    beds: list[Bed] = []

    def make(body: str, *, memory_bytes: int = ROOMY) -> Bed:
        beds.append(Bed(world, body, memory_bytes))
        return beds[-1]

    yield make
    for one in beds:
        one.worker.close()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("raise ValueError('no such axis')", Status.ERROR, "ValueError: no such axis"),
        ("raise Unsupported('erf is not written')", Status.UNSUPPORTED, "erf is not written"),
        ("raise Unsupported", Status.UNSUPPORTED, "without a reason"),
        ("raise NotHere('give it a GPU')", Status.NOT_RUN, "give it a GPU"),
        ("raise NotHere", Status.NOT_RUN, "not on this machine"),
        ("raise MemoryError", Status.OUT_OF_MEMORY, "MemoryError"),
        ("np.empty(2**55)", Status.OUT_OF_MEMORY, "llocat"),
        ("sys.exit('bye')", Status.ERROR, "SystemExit: bye"),
        ("sys.exit(0)", Status.ERROR, "SystemExit: 0"),
        ("import no_such_module", Status.ERROR, "ModuleNotFoundError"),
        ("own = KeyError(0)\nraise own from own", Status.ERROR, "KeyError: 0"),
        ("import budget", Status.ERROR, "ModuleNotFoundError"),
        ("def deeper(): deeper()\ndeeper()", Status.ERROR, "RecursionError"),
        ("class Wordless(Exception):\n    def __str__(self): return 1 / 0\nraise Wordless", Status.ERROR, "Wordless"),
        ("raise ValueError('\\udcff' * 9000)", Status.ERROR, "ValueError"),
        ("return None", Status.ERROR, "expected an Artifact, got NoneType"),
        ("return artifact.model", Status.ERROR, "expected an Artifact, got dict"),
        ("return artifact.converted('toy', artifact.model)", Status.ERROR, "expected an Artifact in 'table'"),
        ("return artifact.converted('table', None)", Status.ERROR, "TypeError"),
        ("return artifact.converted('table', artifact.model).with_operators({'Mul': np.int64})", Status.ERROR, "JSON"),
    ],
)
def test_what_convert_raises_or_returns_is_a_status_and_the_worker_stays(
    bed: Callable[..., Bed], body: str, status: Status, words: str
) -> None:
    one = bed(body)
    failure = one.failure()
    assert (failure.status, failure.lost) == (status, False)
    assert words in failure.detail
    one.assert_goes_on(failure)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("os.abort()", Status.CRASH, "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", Status.CRASH, "SIGSEGV"),
        ("os._exit(0)", Status.CRASH, "code 0"),
        ("os._exit(3)", Status.CRASH, "code 3"),
        ("raise KeyboardInterrupt", Status.CRASH, "KeyboardInterrupt"),
        ("print('the last words', file=sys.stderr)\nos.abort()", Status.CRASH, "the last words"),
        ("print('said with print', flush=True)\nos.abort()", Status.CRASH, "said with print"),
        ("os.kill(os.getpid(), signal.SIGKILL)", Status.OUT_OF_MEMORY, "killed from outside"),
        ("if os.fork():\n    os.abort()\ntime.sleep(60)", Status.CRASH, "SIGABRT"),
        ("os.write(reply_pipe(), b'junk')", Status.ERROR, "unreadable"),
        ("os.write(reply_pipe(), b'junk' + bytes([10]))", Status.ERROR, "unreadable"),
        ("os.write(reply_pipe(), b'[1]' + bytes([10]))", Status.ERROR, "unreadable"),
        (
            """os.write(reply_pipe(), b'{"ok": true, "seconds": 0, "arrays": []}' + bytes([10]))""",
            Status.ERROR,
            "unreadable",
        ),
        ("""os.write(reply_pipe(), b'{"arrays": [["a", "O", [1]]]}' + bytes([10]))""", Status.ERROR, "unreadable"),
        ("""os.write(reply_pipe(), b'{"arrays": [["a", "<f4", [-4]]]}' + bytes([10]))""", Status.ERROR, "unreadable"),
    ],
)
def test_what_ends_the_worker_is_a_status_and_a_new_one_goes_on(
    bed: Callable[..., Bed], body: str, status: Status, words: str
) -> None:
    one = bed(body)
    failure = one.failure()
    assert (failure.status, failure.lost) == (status, True), failure.detail
    assert words in failure.detail
    one.assert_goes_on(failure)


def test_worker_that_closes_its_reply_pipe_is_not_waited_for(
    bed: Callable[..., Bed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "EXIT_SECONDS", 0.1)
    failure = bed("os.closerange(3, 64)\ntime.sleep(60)").failure()
    assert (failure.status, failure.lost) == (Status.CRASH, True)


def test_second_reply_to_one_call_is_not_taken_for_the_next(bed: Callable[..., Bed]) -> None:
    body = """line = b'{"ok": true, "seconds": 0, "call": 2, "arrays": []}' + bytes([10])
os.write(reply_pipe(), line)
return artifact.converted("table", artifact.model)"""
    one = bed(body)
    one.convert()
    failure = one.failure()
    assert (failure.status, failure.lost) == (Status.ERROR, True)


@pytest.mark.parametrize(
    "body",
    [
        "return None",
        "return [inputs['x']]",
        "return {'y': [1.0, 2.0]}",
        "return {'y': 1.0}",
        "return {'y': None}",
        "return {'y': np.array([1, None])}",
        "return {'y': np.array([{}])}",
    ],
)
def test_outputs_that_are_no_arrays_by_name_are_an_error(bed: Callable[..., Bed], body: str) -> None:
    one = bed(body)
    with pytest.raises(CallFailed, match="ContractBroken: run: ") as caught:
        one.run({"x": np.ones(2)})
    assert caught.value.status is Status.ERROR
    one.assert_goes_on(caught.value)


@pytest.mark.parametrize("body", ["return {}", "return {'y': np.float32(3)}", "return {3: inputs['x'].astype('U9')}"])
def test_outputs_that_can_be_compared_are_handed_on(bed: Callable[..., Bed], body: str) -> None:
    assert all(isinstance(array, np.ndarray) for array in bed(body).run({"x": np.ones(2)}).values())


def test_memory_that_a_runtime_uses_again_does_not_change_earlier_outputs(bed: Callable[..., Bed]) -> None:
    one = bed("self.kept = getattr(self, 'kept', np.zeros(3))\nself.kept[:] = inputs['x']\nreturn {'y': self.kept}")
    one.run({"x": np.zeros(3)})
    sets = {f"{index}/x": np.full(3, float(index)) for index in range(4)}
    request = {"op": "run", "session": "one", "sets": 4, "inputs": ["x"]}
    outputs = one.worker.call(request, sets, seconds=PATIENT)[1]
    assert [outputs[f"{index}/y"][0] for index in range(4)] == [0, 1, 2, 3]


def test_deadline_kills_the_component_and_all_that_it_started(bed: Callable[..., Bed]) -> None:
    one = bed("child = subprocess.Popen(['sleep', '60'])\n(HERE / 'child').write_text(str(child.pid))\ntime.sleep(60)")
    started = time.monotonic()
    failure = one.failure(seconds=2)
    assert time.monotonic() - started < 10
    assert (failure.status, failure.lost) == (Status.TIMEOUT, True)
    assert gone(int((one.folder / "child").read_text()))
    one.assert_goes_on(failure)


def gone(pid: int) -> bool:
    """Whether the process ends within two seconds; one that nobody has waited for yet has ended too."""
    for _ in range(40):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_deadline_holds_in_code_that_never_returns_to_python(bed: Callable[..., Bed]) -> None:
    failure = bed("import re\nre.match('(a+)+b', 'a' * 64)").failure(seconds=1)
    assert (failure.status, failure.lost) == (Status.TIMEOUT, True)


def test_growth_past_the_limit_is_out_of_memory(bed: Callable[..., Bed]) -> None:
    one = bed("kept = []\nwhile True:\n    kept.append(np.ones(2**19))\n    time.sleep(0.002)", memory_bytes=2**28)
    failure = one.failure()
    assert (failure.status, failure.lost) == (Status.OUT_OF_MEMORY, True)
    assert "0.2 GiB" in failure.detail
    one.assert_goes_on(failure)


EATS = f"import time\nkept = []\nwhile True:\n    kept.append(bytearray({2**22}))\n    time.sleep(0.005)"


@pytest.mark.parametrize(
    "command", ["[sys.executable, HERE / 'eats.py']", "['sh', '-c', f'{sys.executable} {HERE}/eats.py; true']"]
)
def test_growth_of_what_the_component_started_counts(bed: Callable[..., Bed], command: str) -> None:
    body = f"child = subprocess.Popen({command})\n(HERE / 'child').write_text(str(child.pid))\nchild.wait()"
    one = bed(body, memory_bytes=2**28)
    (one.folder / "eats.py").write_text(EATS, encoding="utf-8")
    failure = one.failure(seconds=30)
    assert (failure.status, failure.lost) == (Status.OUT_OF_MEMORY, True), failure.detail
    assert "with all that it started" in failure.detail
    assert gone(int((one.folder / "child").read_text()))
    one.assert_goes_on(failure)


def test_memory_that_forked_children_share_counts_once(bed: Callable[..., Bed]) -> None:
    body = """kept = np.ones(2**24)
for _ in range(3):
    if os.fork() == 0:
        time.sleep(1)
        os._exit(0)
for _ in range(3):
    os.wait()
return artifact.converted("table", artifact.model)"""
    assert bed(body, memory_bytes=2**28).convert()["seconds"] >= 1


@pytest.mark.parametrize("stream", ["print('x' * 2**20)", "os.write(1, b'x' * 2**20)", "os.write(2, b'x' * 2**20)"])
def test_hundred_megabytes_of_talk_block_nothing(bed: Callable[..., Bed], stream: str) -> None:
    one = bed(f"for _ in range(100): {stream}\nreturn artifact.converted('table', artifact.model)")
    assert one.convert()["seconds"] >= 0
    assert (one.folder / "target1" / ARTIFACT).exists()


def test_component_that_reads_stdin_finds_it_empty(bed: Callable[..., Bed]) -> None:
    body = """assert sys.stdin.read() == ""
assert subprocess.run(["cat"], capture_output=True).stdout == b""
return artifact.converted("table", artifact.model)"""
    assert bed(body).convert()["seconds"] >= 0


def test_component_sees_no_python_settings_of_the_host(
    bed: Callable[..., Bed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONSTARTUP", "x")
    body = """assert not os.environ.get("PYTHONPATH") and not os.environ.get("PYTHONSTARTUP")
assert os.environ["OMP_NUM_THREADS"] == "1"
return artifact.converted("table", artifact.model)"""
    assert bed(body).convert()["seconds"] >= 0


def test_component_that_changes_its_artifact_changes_nobody_elses(bed: Callable[..., Bed]) -> None:
    one = bed(
        "artifact.model['factor'] = artifact.model['factor'] * 3\nreturn artifact.converted('table', artifact.model)"
    )
    for made in (1, 2):
        one.convert()
        with np.load(one.folder / f"target{made}" / "table.npz") as archive:
            assert archive["factor"] == 6


def test_large_arrays_go_both_ways(bed: Callable[..., Bed]) -> None:
    one = bed("pass")
    array = np.random.default_rng(0).integers(0, 256, 2**26, dtype=np.uint8)
    _, outputs = one.worker.call({"op": "ping"}, {"x": array}, seconds=PATIENT)
    assert np.array_equal(outputs["x"], array)


def test_worker_that_died_between_calls_says_so(bed: Callable[..., Bed]) -> None:
    one = bed("threading.Timer(0.1, os.abort).start()\nreturn artifact.converted('table', artifact.model)")
    one.convert()
    while one.worker.alive:
        time.sleep(0.02)
    assert one.failure().status is Status.CRASH


def test_call_after_closing_touches_no_descriptor(bed: Callable[..., Bed]) -> None:
    one = bed("pass")
    one.worker.close()
    files = [os.open(os.devnull, os.O_RDWR) for _ in range(4)]  # the numbers that the worker's pipes had
    try:
        assert one.failure().status is Status.NOT_RUN
    finally:
        for number in files:
            os.close(number)


def test_worker_that_is_busy_for_ever_ends_with_its_host(tmp_path: Path) -> None:
    artifact: dict[str, Any] = {"representation": "table", "inputs": [], "outputs": [], "sizes": {}, "operators": None}
    (tmp_path / "artifact.json").write_text(json.dumps(artifact), encoding="utf-8")
    (tmp_path / "table.py").write_text("class T:\n    def load(self, folder): return 1\nREPRESENTATION = T()\n")
    endless = (
        "class E:\n    name = 'endless'\n    def load(self, artifact):\n        while True: pass\nCOMPONENT = E()\n"
    )
    (tmp_path / "endless.py").write_text(endless, encoding="utf-8")
    command = [
        sys.executable,
        str(Path(__file__).parent / "children" / "host_that_is_killed.py"),
        "endless.py",
        "table.py",
    ]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        worker = int(host.stdout.readline())
        assert _runs(worker)
        host.kill()
    deadline = time.monotonic() + PATIENT
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not _runs(worker)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
