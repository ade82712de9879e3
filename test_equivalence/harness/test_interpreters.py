"""An interpreter is found where uv alone gives up, and who has none is told what to install."""

from __future__ import annotations

from pathlib import Path

import pytest
import uv

from nnparity.contracts import Environment
from nnparity.environments import BuildFailed, Environments, find_interpreter

ABSENT = "3.7"


def programs(folder: Path, script: str) -> str:
    """Return a program that stands for uv."""
    program = folder / "uv"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo /first/python", "/first/python"),
        ('[ "$PYENV_VERSION" = 3.7 ] && echo /chosen/python', "/chosen/python"),
        ("exit 2", ABSENT),
    ],
)
def test_pyenv_is_told_which_version_is_wanted(
    script: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYENV_VERSION", raising=False)
    monkeypatch.setattr(uv, "find_uv_bin", lambda: programs(tmp_path, script))
    assert find_interpreter(ABSENT) == found


def test_who_has_no_interpreter_is_told_to_install_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv, "find_uv_bin", lambda: programs(tmp_path, "echo no Python >&2; exit 2"))
    environments = Environments({"old": Environment("old", ABSENT, ())}, tmp_path)
    with pytest.raises(BuildFailed, match=r"no Python; there is no Python 3\.7 here .* `nnparity setup old` again"):
        environments.build("old")
    assert "install it" in environments.why_missing("old")
