"""Results are kept line by line: nothing recorded is lost, nothing foreign is touched, nothing torn is believed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnparity.errors import UserError
from nnparity.loading import load_file
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.store import PREVIOUS, RESULTS, SCHEMA, Results, ResultsWriter, read_results

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
one = drawn.one

NOBODY = 65534
FOREIGN = (
    b"hello\n",
    b"no line end",
    b"[1]\n",
    b"3\n",
    b"\x00\xff\xfe\n",
    b'{"case": "x"}\n',
    b'{"schema": "other/1"}\n',
    b'{"schema": "nnparity-results"}\n',
    b'{"schema": "nnparity-results/one"}\n',
    b'{"schema": 3}\n',
    b"[" * 100_000 + b"\n",
    b'{"schema": "nnparity-resu\n',
)


def write(folder: Path, outcomes: list[Outcome], facts: dict[str, Any] | None = None, **options: bool) -> ResultsWriter:
    with ResultsWriter(folder, facts or {}, **options) as writer:
        for outcome in outcomes:
            writer.write(outcome)
    return writer


def lines(results: Results) -> list[str]:
    return [json.dumps(outcome.to_json(), sort_keys=True) for outcome in results.outcomes]


def distinct(outcomes: list[Outcome]) -> list[Outcome]:
    """Return one outcome a question, as a run asks each once."""
    return list({(outcome.layer, outcome.path, outcome.case): outcome for outcome in outcomes}.values())


@given(st.lists(drawn.outcomes(), max_size=4).map(distinct), drawn.facts())
def test_what_is_written_is_what_is_read(outcomes: list[Outcome], facts: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), outcomes, facts)
        results = read_results(Path(folder) / RESULTS)
    assert sorted(lines(results)) == sorted(json.dumps(one.to_json(), sort_keys=True) for one in outcomes)
    assert {**facts, "not_run": 0} == {**results.facts, "not_run": 0}
    assert results.notes == ()


def test_the_folder_is_as_good_as_the_file(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "down", [one()])
    assert lines(read_results(tmp_path / "deep" / "down")) == lines(read_results(tmp_path / "deep" / "down" / RESULTS))


def test_first_line_says_the_schema_and_the_facts(tmp_path: Path) -> None:
    write(tmp_path, [], {"seed": 3})
    assert (tmp_path / RESULTS).read_text() == '{"schema": "nnparity-results/1", "seed": 3}\n'


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    record = {**one().to_json(), "from_the_future": {"a": [1]}}
    (tmp_path / RESULTS).write_text(json.dumps({"schema": SCHEMA, "new fact": 1}) + "\n" + json.dumps(record) + "\n")
    results = read_results(tmp_path)
    assert results.facts == {"new fact": 1}
    assert results.outcomes[0].to_json() == record


def test_facts_that_come_later_are_merged(tmp_path: Path) -> None:
    with ResultsWriter(tmp_path, {"seed": 0}) as writer:
        writer.write(one())
        writer.add_facts({"conversions": {"made": 3, "cached": 4}})
    assert read_results(tmp_path).facts == {"seed": 0, "conversions": {"made": 3, "cached": 4}}


@given(st.data())
def test_torn_last_line_is_dropped_and_said(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, [one(case="first"), one(case="last")], {"seed": 0})
        whole = (folder / RESULTS).read_bytes()
        last = whole[:-1].rindex(b"\n") + 1
        cut = data.draw(st.integers(last + 1, len(whole) - 1), label="bytes left")
        (folder / RESULTS).write_bytes(whole[:cut])
        results = read_results(folder)
        assert [outcome.case for outcome in results.outcomes] == ["first"]
        assert results.notes == (f"the last line was unfinished ({cut - last} bytes) and is left out",)
        # Going on after it loses nothing and leaves no trace of the torn line.
        resumed = write(folder, [one(case="last")], {"seed": 0}, resume=True)
        assert resumed.recorded == {one(case="first").key}
        assert resumed.notes == results.notes
        assert (folder / RESULTS).read_bytes() == whole


@pytest.mark.parametrize("left", [b"", b'{"sch', b'{"schema": "nnparity-results/1", "seed'])
def test_run_killed_before_its_first_line_was_whole(tmp_path: Path, left: bytes) -> None:
    (tmp_path / RESULTS).write_bytes(left)
    with pytest.raises(UserError, match="before its first line was written"):
        read_results(tmp_path)
    write(tmp_path, [one()], resume=True)
    assert len(read_results(tmp_path).outcomes) == 1


def test_resume_repeats_what_did_not_run(tmp_path: Path) -> None:
    missing = one(case="b", verdict=Verdict.NOT_RUN, status=Status.NOT_RUN)
    write(tmp_path, [one(case="a"), missing])
    resumed = write(tmp_path, [one(case="b")], resume=True)
    assert resumed.recorded == {one(case="a").key}
    assert [(outcome.case, outcome.verdict) for outcome in read_results(tmp_path).outcomes] == [
        ("a", Verdict.PASS),
        ("b", Verdict.PASS),
    ]


def test_resume_with_other_versions_shows_both(tmp_path: Path) -> None:
    write(tmp_path, [one()], {"environments": {"torch": {"versions": {"torch": "2.12"}}}, "seed": 0})
    write(tmp_path, [], {"environments": {"torch": {"versions": {"torch": "2.13"}}}, "seed": 0}, resume=True)
    assert read_results(tmp_path).facts == {
        "environments": {"torch": {"versions": {"torch": ["2.12", "2.13"]}}},
        "seed": 0,
    }


def test_resume_with_nothing_there_starts(tmp_path: Path) -> None:
    assert write(tmp_path, [one()], resume=True).recorded == set()
    assert len(read_results(tmp_path).outcomes) == 1


def test_earlier_results_are_moved_aside(tmp_path: Path) -> None:
    write(tmp_path, [one(case="old")])
    second = write(tmp_path, [one(case="new")])
    assert [outcome.case for outcome in read_results(tmp_path / PREVIOUS).outcomes] == ["old"]
    assert [outcome.case for outcome in read_results(tmp_path).outcomes] == ["new"]
    assert second.notes == (f"the results of an earlier run were moved to {PREVIOUS}",)
    write(tmp_path, [one(case="newest")])
    assert [outcome.case for outcome in read_results(tmp_path / PREVIOUS).outcomes] == ["new"]


@pytest.mark.parametrize("content", FOREIGN)
@pytest.mark.parametrize("resume", [False, True])
def test_foreign_file_is_refused_and_untouched(tmp_path: Path, content: bytes, resume: bool) -> None:
    (tmp_path / RESULTS).write_bytes(content)
    with pytest.raises(UserError, match="not a results file of nnparity"):
        write(tmp_path, [one()], resume=resume)
    with pytest.raises(UserError, match="not a results file of nnparity"):
        read_results(tmp_path)
    assert (tmp_path / RESULTS).read_bytes() == content


def test_foreign_file_of_the_previous_name_is_untouched(tmp_path: Path) -> None:
    write(tmp_path, [one()])
    (tmp_path / PREVIOUS).write_text("my notes\n")
    with pytest.raises(UserError, match=f"{PREVIOUS} is not a results file"):
        write(tmp_path, [one()])
    assert (tmp_path / PREVIOUS).read_text() == "my notes\n"
    assert len(read_results(tmp_path).outcomes) == 1


def test_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / RESULTS).mkdir()
    with pytest.raises(UserError, match="not a results file"):
        write(tmp_path, [])


@pytest.mark.parametrize("resume", [False, True])
def test_newer_schema_is_refused(tmp_path: Path, resume: bool) -> None:
    (tmp_path / RESULTS).write_text('{"schema": "nnparity-results/2"}\nsomething new\n')
    with pytest.raises(UserError, match="schema nnparity-results/2, and this nnparity reads up to nnparity-results/1"):
        read_results(tmp_path)
    with pytest.raises(UserError, match="nnparity-results/2"):
        write(tmp_path, [one()], resume=resume)


BAD = (
    "",
    "{",
    "null",
    "[]",
    "{}",
    '"schema"',
    '{"schema": "other/1"}',
    json.dumps({**one().to_json(), "path": "torch"}),
    json.dumps({**one().to_json(), "path": []}),
    json.dumps({**one().to_json(), "path": [1]}),
    json.dumps({**one().to_json(), "verdict": "FINE"}),
    json.dumps({**one().to_json(), "layer": 3}),
    json.dumps({**one().to_json(), "config": []}),
    json.dumps({**one().to_json(), "op_counts": {"torch": 3}}),
    json.dumps({**one().to_json(), "op_total": {"torch": "many"}}),
    json.dumps({**one().to_json(), "max_abs": "much"}),
)


@given(st.sampled_from(BAD), st.integers(0, 3))
def test_bad_line_is_named(bad: str, before: int) -> None:
    good = json.dumps(one().to_json())
    with tempfile.TemporaryDirectory() as name:
        text = "\n".join([json.dumps({"schema": SCHEMA}), *[good] * before, bad, good]) + "\n"
        (Path(name) / RESULTS).write_text(text)
        with pytest.raises(UserError, match=f"line {before + 2} is not an outcome"):
            read_results(Path(name))


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_results(tmp_path / RESULTS)


HOLD = """
import sys
from pathlib import Path
from nnparity.store import ResultsWriter
with ResultsWriter(Path(sys.argv[1]), {}):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_run_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"process {holder.pid}\); wait for it to end"):
            write(tmp_path, [one()])
        assert read_results(tmp_path).outcomes == ()
        holder.kill()
    # The lock dies with its holder, however that ends.
    write(tmp_path, [one()])
    assert len(read_results(tmp_path).outcomes) == 1


def test_one_process_cannot_open_a_folder_twice(tmp_path: Path) -> None:
    with ResultsWriter(tmp_path, {}), pytest.raises(UserError, match=f"process {os.getpid()}"):
        write(tmp_path, [])


WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from nnparity.loading import load_file
from nnparity.store import ResultsWriter
one = load_file(Path(sys.argv[2])).one
with ResultsWriter(Path(sys.argv[1]), {}) as writer:
    for number in itertools.count():
        writer.write(one(case=str(number), detail="x" * 5000))
        print(number, flush=True)
"""


def test_killed_run_keeps_all_that_it_recorded(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path), str(drawn.__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
    found = {outcome.case for outcome in read_results(tmp_path).outcomes}
    assert {line.strip() for line in said} <= found


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """Give a folder that this process may read and not write, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        privileged = os.geteuid() == 0
        if privileged:
            os.seteuid(NOBODY)
        try:
            assert list(folder.iterdir()) == []
            yield folder
        finally:
            if privileged:
                os.seteuid(0)
            folder.chmod(0o755)


@pytest.mark.parametrize("inside", ["", "new"])
def test_no_permission_names_the_folder(unwritable: Path, inside: str) -> None:
    with pytest.raises(UserError, match=f"{unwritable / inside}: no permission to write"):
        write(unwritable / inside, [one()])


def test_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UserError, match="File exists"):
        write(tmp_path / "taken", [one()])
    assert (tmp_path / "taken").read_text() == "mine"


def test_size_limit_keeps_whole_lines(tmp_path: Path) -> None:
    previous = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ResultsWriter(tmp_path, {}) as writer:
        writer.write(one(case="before"))
        limit = (tmp_path / RESULTS).stat().st_size + 100
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, previous[1]))
        try:
            with pytest.raises(UserError, match=rf"{tmp_path}: no space is left .* recorded before stays"):
                writer.write(one(case="too much"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, previous)
        results = read_results(tmp_path)
        assert [outcome.case for outcome in results.outcomes] == ["before"]
        assert results.notes == ()
        writer.write(one(case="after"))
    assert [outcome.case for outcome in read_results(tmp_path).outcomes] == ["after", "before"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_is_said(tmp_path: Path) -> None:
    with ResultsWriter(tmp_path, {}) as writer:
        writer.write(one())
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, writer.fileno())
        os.close(full)
        with pytest.raises(UserError, match="no space is left on its disk"):
            writer.write(one(case="too much"))
    assert len(read_results(tmp_path).outcomes) == 1
