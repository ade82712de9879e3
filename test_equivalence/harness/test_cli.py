"""The command line keeps its word: exit codes, what is recorded, what is made again, and what a mistake is told."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from nnparity.cli import main
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.store import LOCK, PREVIOUS, RESULTS, read_results

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

ROOT = Path(__file__).parents[2]
REPORTS = ("index.html", "report.md", "summary.json", "junit.xml", "badge.svg")
TABLE_FROM_TOY, TABLE_CPU = "converters/conversions/table_from_toy.py", "converters/runtimes/table_cpu.py"
WRONG = ('{"factor": factor}', '{"factor": factor + 0.1}')


@dataclass
class Ran:
    """How a command ended."""

    code: int
    said: str


@dataclass
class Shell:
    """A folder in which a user calls nnparity on the toy world."""

    world: World

    @property
    def folder(self) -> Path:
        return self.world.folder

    @property
    def out(self) -> Path:
        return self.folder / "nnparity-results"

    def arguments(self, *arguments: str, everything: bool = False) -> list[str]:
        content = ["--models", str(self.world.models), "--converters", str(self.world.converters)]
        narrow = ["--path", "toy>*", "--layer", "toy_scale"] if arguments[0] == "run" and not everything else []
        return [arguments[0], *content, *narrow, *arguments[1:]]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "NNPARITY_CACHE": str(self.world.cache)}
        command = [sys.executable, "-m", "nnparity.cli", *arguments]
        # A suite started in the background of a shell inherits an ignored SIGINT; a user at a terminal has not.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            return subprocess.Popen(
                command, cwd=self.folder, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def finish(self, process: subprocess.Popen[str]) -> Ran:
        said, _ = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        return Ran(process.returncode, said)

    def call(self, *arguments: str) -> Ran:
        return self.finish(self.start(*self.arguments(*arguments)))

    def outcomes(self) -> tuple[Outcome, ...]:
        return read_results(self.out).outcomes


@pytest.fixture
def shell(built_world: World) -> Shell:
    return Shell(built_world)


def made(ran: Ran) -> int:
    line = next(line for line in ran.said.splitlines() if line.startswith("conversions: "))
    return int(line.split()[1])


def test_run_that_finds_nothing_new_records_every_check_and_ends_with_0(shell: Shell) -> None:
    before = {file.name for file in shell.folder.iterdir()}
    ran = shell.call("run")
    assert ran.code == 0, ran.said
    assert {file.name for file in shell.folder.iterdir()} == {*before, shell.out.name}
    outcomes = shell.outcomes()
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}
    assert {outcome.path_id for outcome in outcomes} == {
        "toy>toy_eager", "toy>table_from_toy>table_cpu", "toy>table_from_toy>table_tidied>table_cpu"
    }  # fmt: skip
    assert f"{len(outcomes)} checks" in ran.said
    assert all((shell.out / name).stat().st_size for name in REPORTS)
    assert made(ran) > 0

    again = shell.call("run")
    assert (again.code, made(again)) == (0, 0)
    assert [one.key for one in shell.outcomes()] == [one.key for one in outcomes]
    assert (shell.out / PREVIOUS).exists()

    resumed = shell.call("run", "--resume")
    assert (resumed.code, made(resumed)) == (0, 0)
    assert len(lines(shell)) == len(outcomes)


def by_question(shell: Shell) -> dict[tuple[str, str], Outcome]:
    return {outcome.key: outcome for outcome in shell.outcomes()}


def lines(shell: Shell) -> list[dict[str, Any]]:
    """Return the outcomes as they were recorded, before reading makes one of equal ones."""
    records = [json.loads(line) for line in (shell.out / RESULTS).read_text().splitlines()]
    return [record for record in records if "schema" not in record]


def test_new_failure_ends_with_1_and_can_be_repeated_by_its_case(shell: Shell) -> None:
    shell.world.edit(TABLE_FROM_TOY, *WRONG)
    ran = shell.call("run", "--component", "table_cpu")
    assert ran.code == 1
    shown = re.search(r"nnparity (run --case (\w+) --path '(.+?)' --models .+)", ran.said)
    assert shown
    failed = by_question(shell)[shown[2], shown[3]]
    assert (failed.verdict, failed.status) == (Verdict.FAIL, Status.MISMATCH)

    whole = shell.outcomes()
    repeated = shell.finish(shell.start(*shlex.split(shown[1])))
    assert repeated.code == 1
    assert shell.outcomes() == whole, "one case once more must not replace the results that it came from"
    (again,) = read_results(shell.out / "cases" / failed.case).outcomes
    assert (again.status, again.max_abs, again.error_over_budget) == (
        failed.status, failed.max_abs, failed.error_over_budget
    )  # fmt: skip

    shell.world.edit(TABLE_FROM_TOY, WRONG[1], WRONG[0])
    assert shell.call("run", "--case", failed.case, "--path", failed.path_id).code == 0


def test_full_disk_ends_with_2_and_keeps_what_is_recorded(shell: Shell) -> None:
    full = 'raise OSError(28, "No space left on device")'
    shell.world.edit(TABLE_FROM_TOY, "        factor = load_file", f"        {full}\n        factor = load_file")
    ran = shell.call("run", "--jobs", "1")
    assert ran.code == 2
    assert "No space left on device" in ran.said
    assert "--resume" in ran.said
    recorded = shell.outcomes()
    assert {outcome.verdict for outcome in recorded} == {Verdict.PASS}

    shell.world.edit(TABLE_FROM_TOY, f"        {full}\n", "")
    assert shell.call("run", "--resume").code == 0, "a full disk must not be remembered as the component's failure"
    assert len(shell.outcomes()) > len(recorded)


KNOWN = """
import numpy as np
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="table_from_toy",
        layer="toy_scale",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.HERE,
        reason="adds a thousandth to the factor",
        link="none found: made up",
        versions=("numpy>=2",),
        witness=Case("toy_scale", {"batch": 1, "dtype": "float32", "inner": [1]}, 0, {"x": np.ones((1, 1), "f4")}),
    ),
)
"""


def test_known_divergence_is_expected_until_its_witness_matches(shell: Shell) -> None:
    (shell.world.converters / "known").mkdir()
    (shell.world.converters / "known" / "table_from_toy.py").write_text(KNOWN, encoding="utf-8")
    shell.world.edit(TABLE_FROM_TOY, *WRONG)
    expected = shell.call("run")
    assert expected.code == 0, expected.said
    by_path = {outcome.path_id: outcome.verdict for outcome in shell.outcomes()}
    assert by_path["toy>toy_eager"] is Verdict.PASS
    assert by_path["toy>table_from_toy>table_cpu"] is Verdict.XFAIL
    witnesses = [outcome for outcome in shell.outcomes() if outcome.witness]
    assert {outcome.path_id for outcome in witnesses} == {path for path in by_path if "table_from_toy" in path}

    shell.world.edit(TABLE_FROM_TOY, WRONG[1], WRONG[0])
    mended = shell.call("run")
    assert mended.code == 1
    assert {outcome.verdict for outcome in shell.outcomes() if outcome.witness} == {Verdict.XPASS}
    assert {outcome.verdict for outcome in shell.outcomes() if not outcome.witness} == {Verdict.PASS}


RAISES = (
    "        versions=",
    '        applies=lambda case: case.config["axis"] == 1 if case.config["batch"] == 2 else True,\n        versions=',
)


@pytest.mark.parametrize("wrong", [True, False])
def test_known_divergence_whose_condition_raises_fails_those_cases_by_its_name(shell: Shell, wrong: bool) -> None:
    file = shell.world.converters / "known" / "table_from_toy.py"
    file.parent.mkdir()
    file.write_text(KNOWN.replace(*RAISES), encoding="utf-8")
    if wrong:
        shell.world.edit(TABLE_FROM_TOY, *WRONG)
    ran = shell.call("run")
    assert ran.code == 1, ran.said
    assert str(file) in ran.said
    asked = [one for one in shell.outcomes() if "table_from_toy" in one.path and one.config["batch"] == 2]
    assert {one.verdict for one in asked} == {Verdict.FAIL}
    for one in asked:
        assert f"{one.known} in {file}" in one.detail
        assert "table_from_toy/toy_scale/COMPARE-MISMATCH" in one.known
        assert "KeyError: 'axis'" in one.detail
        assert ("What it was asked about" in one.detail) is wrong
    others = {one.verdict for one in shell.outcomes() if one not in asked}
    assert others == ({Verdict.XFAIL, Verdict.PASS} if wrong else {Verdict.XPASS, Verdict.PASS})


def test_environment_that_cannot_be_built_is_not_run_with_its_reason(shell: Shell) -> None:
    shell.world.add(
        "converters/environments/none.py",
        "converters/environments/toy.py",
        ('name="toy"', 'name="none"'),
        ("sys.version_info.major", "9 + sys.version_info.major"),
    )
    shell.world.add(
        "converters/runtimes/other.py",
        TABLE_CPU,
        ("table_cpu", "other"),
        ('environment = "toy"', 'environment = "none"'),
    )
    ran = shell.call("run")
    assert ran.code == 0, ran.said
    missing = [outcome for outcome in shell.outcomes() if outcome.path[-1] == "other"]
    assert missing
    for outcome in missing:
        assert (outcome.verdict, outcome.status, outcome.component) == (Verdict.NOT_RUN, Status.NOT_RUN, "other")
        assert "uv venv" in outcome.detail
    assert {outcome.verdict for outcome in shell.outcomes() if outcome not in missing} == {Verdict.PASS}

    required = shell.call("run", "--require", "other", "--component", "other")
    assert required.code == 1
    assert {outcome.verdict for outcome in shell.outcomes()} == {Verdict.FAIL}
    assert all("other is required" in outcome.detail for outcome in shell.outcomes())


def test_broken_file_ends_with_2_after_the_others_have_run(shell: Shell) -> None:
    (shell.world.models / "broken.py").write_text("1 / 0", encoding="utf-8")
    ran = shell.call("run")
    assert ran.code == 2
    assert "broken.py does not load: ZeroDivisionError" in ran.said
    assert {outcome.verdict for outcome in shell.outcomes()} == {Verdict.PASS}


def test_layer_whose_drawing_raises_ends_with_2_after_the_others_have_run(shell: Shell) -> None:
    shell.world.add(
        "models/bad.py",
        "models/toy_scale.py",
        ('name="toy_scale"', 'name="bad"'),
        ("    shape = (", "    raise ValueError('no such shape')\n    shape = ("),
    )
    ran = shell.call("run", "--layer", "bad")
    assert ran.code == 2
    assert "no such shape" in ran.said
    assert {(outcome.layer, outcome.verdict) for outcome in shell.outcomes()} == {("toy_scale", Verdict.PASS)}


def held(shell: Shell) -> tuple[Path, Path]:
    """Make the second run of every session wait; return the files with its process id, and that let it go on."""
    pid, go = shell.folder / "pid", shell.folder / "go"
    shell.world.edit(
        TABLE_CPU,
        "        return {",
        f"""        import os, time
        from pathlib import Path
        Path({str(pid) + ".new"!r}).write_text(str(os.getpid()))
        os.replace({str(pid) + ".new"!r}, {str(pid)!r})  # whole, even if this process is killed in the middle
        self.runs = getattr(self, "runs", 0) + 1
        while self.runs % 2 == 0 and not Path({str(go)!r}).exists():
            time.sleep(0.01)
        return {{""",
    )
    return pid, go


def recorded(shell: Shell, count: int) -> None:
    """Wait until so many outcomes are recorded."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (shell.out / RESULTS).exists() and (shell.out / RESULTS).read_bytes().count(b"\n") > count:
            return
        time.sleep(0.02)
    raise AssertionError(f"{count} outcomes were not recorded in time")


def gone(pid: int) -> bool:
    for _ in range(100):
        if (
            not Path(f"/proc/{pid}").exists()
            or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        ):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 3), (signal.SIGKILL, -signal.SIGKILL)])
def test_interrupted_run_keeps_what_it_has_and_goes_on_from_there(
    shell: Shell, sent: signal.Signals, code: int
) -> None:
    pid, go = held(shell)
    process = shell.start(*shell.arguments("run", "--component", "table_tidied"))
    recorded(shell, 1)
    process.send_signal(sent)
    interrupted = shell.finish(process)
    assert interrupted.code == code, interrupted.said
    go.touch()
    assert gone(int(pid.read_text()))
    kept = len(lines(shell))
    assert kept >= 1
    if sent is signal.SIGINT:
        assert "--resume" in interrupted.said
        assert (shell.out / "index.html").exists()

    resumed = shell.call("run", "--component", "table_tidied", "--resume")
    assert resumed.code == 0, resumed.said
    questions = [(record["case"], tuple(record["path"])) for record in lines(shell)]
    assert len(set(questions)) == len(questions)
    assert kept < len(questions)

    whole = shell.call("run", "--component", "table_tidied", "--out", "whole")
    assert whole.code == 0
    assert {(one.case, one.path) for one in read_results(shell.folder / "whole").outcomes} == set(questions)


def test_second_run_in_the_same_folder_is_refused_and_the_first_goes_on(shell: Shell) -> None:
    _, go = held(shell)
    first = shell.start(*shell.arguments("run", "--component", "table_tidied"))
    recorded(shell, 1)
    second = shell.call("run")
    assert second.code == 2
    assert "another run" in second.said
    go.touch()
    assert shell.finish(first).code == 0


def invoke(shell: Shell, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ran:
    """Call in this process, which is quicker."""
    monkeypatch.setenv("NNPARITY_CACHE", str(shell.world.cache))
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(shell.world.cache / "hypothesis"))
    monkeypatch.chdir(shell.folder)
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ran(result.exit_code, result.output)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--layer", "toy_scael"), "did you mean toy_scale"),
        (("run", "--path", "toy>table_form_toy>table_cpu"), "did you mean toy>table_from_toy>table_cpu"),
        (("run", "--component", "table_from_to"), "did you mean table_from_toy"),
        (("run", "--require", "table_cpuu"), "did you mean table_cpu"),
        (("run", "--in-process", "table_cpuu"), "did you mean table_cpu"),
        (("run", "--case", "0123456789ab"), "--case '0123456789ab'"),
        (("run", "--profile", "quickly"), "quickly"),
        (("run", "--jobs", "0"), "--jobs"),
        (("run", "--models", "nowhere"), "nowhere"),
        (
            (
                "run",
                "--no-such-option",
            ),
            "--no-such-option",
        ),
        (("setup", "toi"), "did you mean toy"),
        (("list", "layer"), "layers"),
    ],
)
def test_users_mistake_ends_with_2_and_says_what_to_write(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    ran = invoke(shell, monkeypatch, *shell.arguments(*arguments, everything=True))
    assert ran.code == 2
    assert words in ran.said
    assert not shell.out.exists()


def test_out_folder_that_is_a_file_is_the_users_mistake(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / "out").write_text("a user's own file")
    ran = invoke(shell, monkeypatch, *shell.arguments("run", "--out", "out"))
    assert ran.code == 2
    assert (shell.folder / "out").read_text() == "a user's own file"
    below = invoke(shell, monkeypatch, *shell.arguments("run", "--out", "out/below"))
    assert below.code == 2
    assert "out/below" in below.said


def test_out_folder_that_another_run_has_locked_is_the_users_mistake(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.out.mkdir()
    with open(shell.out / LOCK, "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = invoke(shell, monkeypatch, *shell.arguments("run"))
    assert ran.code == 2
    assert "another run" in ran.said


def test_case_of_a_layer_that_is_gone_is_the_users_mistake(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.world.edit(TABLE_FROM_TOY, *WRONG)
    assert invoke(shell, monkeypatch, *shell.arguments("run", "--component", "table_cpu")).code == 1
    failed = shell.outcomes()[0].case
    shell.world.edit("models/toy_scale.py", 'name="toy_scale"', 'name="toy_scaled"')
    arguments = [one for one in shell.arguments("run", "--case", failed) if one not in {"--layer", "toy_scale"}]
    ran = invoke(shell, monkeypatch, *arguments)
    assert ran.code == 2
    assert "did you mean toy_scaled" in ran.said


@pytest.mark.parametrize("what", ["layers", "paths", "components", "environments"])
def test_list_is_there_to_read_for_people_and_programs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    told = invoke(shell, monkeypatch, *shell.arguments("list", what, "--json"))
    shown = invoke(shell, monkeypatch, *shell.arguments("list", what))
    assert (told.code, shown.code) == (0, 0), told.said + shown.said
    rows = json.loads(told.said)
    assert len(rows) == len(shown.said.splitlines())
    expected = {
        "layers": "toy_scale", "paths": "toy>table_from_toy>table_cpu", "components": "table_cpu", "environments": "toy"
    }  # fmt: skip
    assert expected[what] in {row.get("name") or row.get("path") for row in rows}
    assert expected[what] in shown.said


def test_list_says_what_cannot_run_and_why(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.world.cache / "environments").unlink()
    rows = json.loads(invoke(shell, monkeypatch, *shell.arguments("list", "paths", "--json")).said)
    row = next(row for row in rows if row["path"] == "toy>toy_eager")
    assert row["runs"] is False
    assert "nnparity setup toy" in row["reason"]


def test_setup_builds_what_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = invoke(shell, monkeypatch, *shell.arguments("setup", "toy"))
    assert ran.code == 0
    assert "1 environments are ready" in ran.said
