"""A Chromium that opens pages of a report, for the tests that look at them in a real browser."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium is on PATH; on Debian: apt-get install chromium"
)


class Browser:
    """Opens a page in a Chromium of its own, with an empty profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.console: list[str] = []

    def dom(self, page: Path, *, after: str = "", width: int = 1400, flags: tuple[str, ...] = ()) -> str:
        """Return the document as it is after its scripts have run; `after` is a query or a fragment."""
        return self._run(page, after, width, "--dump-dom", *flags)

    def screenshot(self, page: Path, *, width: int) -> tuple[int, int, int]:
        """Return width, height and the number of distinct lines of pixels of what is seen."""
        image = self.folder / "seen.png"
        self._run(page, "", width, f"--screenshot={image}")
        data = image.read_bytes()
        columns, rows = struct.unpack(">II", data[16:24])
        chunks = re.split(rb"....(?=IDAT)", data, flags=re.DOTALL)[1:]
        lines = zlib.decompressobj().decompress(b"".join(chunk[4:-4] for chunk in chunks))
        size = len(lines) // rows
        return columns, rows, len({lines[row * size : (row + 1) * size] for row in range(rows)})

    def _run(self, page: Path, after: str, width: int, *flags: str) -> str:
        profile = self.folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        done = subprocess.run(
            [
                str(CHROMIUM),
                *FLAGS,
                f"--user-data-dir={profile}",
                f"--window-size={width},900",
                *flags,
                page.as_uri() + after,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        self.console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout


def title(dom: str) -> str:
    found = re.search("<title>(.*?)</title>", dom)
    assert found is not None
    return found.group(1)
