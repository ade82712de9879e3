"""The examples do what their README says, with the commands that stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nnparity.environments import Environments
from nnparity.outcome import Verdict
from nnparity.store import read_results

ROOT = Path(__file__).parents[2]
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"\| ([^|]+) \| `uv run (nnparity [^`]+)` \|", README)
STEPS = {
    "a layer of your own": {"onnxruntime_cpu"},
    "an ONNX file of your own": {"onnxruntime_cpu", "relay_from_onnx"},
    "a converter of your own": {"onnx_without_identity", "onnxruntime_cpu"},
    "a runtime of your own": {"numpy_layers"},
}


def test_every_example_is_known_here() -> None:
    assert dict(COMMANDS).keys() == STEPS.keys()


@pytest.mark.parametrize(("what", "command"), COMMANDS, ids=[what for what, _ in COMMANDS])
def test_example_runs_and_matches(what: str, command: str, tmp_path: Path) -> None:
    _, *arguments = shlex.split(command)
    ran = subprocess.run(
        [sys.executable, "-m", "nnparity", *arguments, "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    outcomes = read_results(tmp_path / "results.jsonl").outcomes
    assert {step for outcome in outcomes for step in outcome.path} >= STEPS[what]
    assert Verdict.PASS in {outcome.verdict for outcome in outcomes}


def test_onnx_file_is_what_its_script_writes(environments: Environments, tmp_path: Path) -> None:
    script = ROOT / "examples" / "own_onnx_file" / "make_model.py"
    python = environments.build("onnx").interpreter
    subprocess.run([python, script, tmp_path / "model.onnx"], check=True)
    assert (tmp_path / "model.onnx").read_bytes() == script.with_name("model.onnx").read_bytes()
