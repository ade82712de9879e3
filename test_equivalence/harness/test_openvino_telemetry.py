"""OpenVINO's telemetry, which reports every import and every conversion to its makers, is never loaded here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nnparity.loading import load_file

ROOT = Path(__file__).parents[2]
QUIET = "sys.modules[sys.argv[1]].openvino()"
LOAD = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location(sys.argv[1], sys.argv[2])
sys.modules[sys.argv[1]] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[sys.argv[1]])
"""
TELL = """
from openvino.tools.ovc import convert_impl
consent = getattr(convert_impl.tm.Telemetry(), "consent", None)
print(json.dumps({"telemetry": convert_impl.tm.__name__, "consent": consent}))
"""


@pytest.fixture(scope="module")
def python(interpreter: Callable[[str], Path]) -> Path:
    return interpreter("openvino")


def run(python: Path, code: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    source = ROOT / "converters/support/openvino_quiet.py"
    command = [str(python), "-c", LOAD + code, "quiet", str(source)]
    told = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, check=False, env={**told, **variables}, cwd=ROOT
    )


def told_by(python: Path, code: str, variables: Mapping[str, str]) -> Mapping[str, object]:
    done = run(python, code + TELL, variables)
    assert done.returncode == 0, done.stderr
    answer: Mapping[str, object] = json.loads(done.stdout)
    return answer


def test_component_gets_the_stub(python: Path) -> None:
    assert told_by(python, QUIET, {}) == {"telemetry": "openvino.tools.ovc.telemetry_stub", "consent": None}


@pytest.mark.parametrize("name", ["openvino", "openvino_torch"])
def test_plain_import_in_the_environment_sends_nothing(python: Path, name: str) -> None:
    """Negative control too: without the guard it is the real telemetry that is asked."""
    variables = load_file(ROOT / "converters" / "environments" / f"{name}.py").ENVIRONMENT.variables
    assert told_by(python, "", variables) == {"telemetry": "openvino_telemetry", "consent": False}


def test_guard_that_comes_too_late_says_so(python: Path) -> None:
    done = run(python, "import json as late; sys.modules['openvino_telemetry'] = late;" + QUIET, {})
    assert "openvino_telemetry is loaded" in done.stderr
