"""What the README tells a newcomer to type is there, and its first command does the main job."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from nnparity.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"uv run nnparity ([^`\n]*)", README)))
PYTEST_COMMANDS = sorted(set(re.findall(r"uv run pytest ([^`\n]*)", README)))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_readme_is_understood(command: str) -> None:
    name, *arguments = shlex.split(command)
    subcommand = main.get_command(click.Context(main), name)
    assert subcommand is not None, f"README: nnparity has no command {name}"
    subcommand.make_context(name, arguments)


@pytest.mark.parametrize("command", PYTEST_COMMANDS)
def test_pytest_command_of_the_readme_is_understood(command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *shlex.split(command), "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_the_documents_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [link for link in links if not link.startswith("http") and not ((ROOT / document).parent / link).exists()]
    assert not missing


def test_first_command_ends_with_a_report(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "nnparity.cli", "run", "--layer", "softmax", "--path", "torch>*onnxruntime_cpu",
         "--jobs", "1", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary
    for name in ("results.jsonl", "index.html", "report.md", "junit.xml"):
        assert (tmp_path / "out" / name).stat().st_size > 0
