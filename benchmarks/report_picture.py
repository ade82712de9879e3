"""Takes the README's picture of a report: its first page as Chromium draws it, with few colours to keep it small."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

COLOURS = 224
AT_MOST = 200_000


def main() -> int:
    """Write the picture; return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="the folder that `nnparity report --out` wrote")
    parser.add_argument("picture", type=Path, help="docs/report.png")
    parser.add_argument("--width", type=int, default=1700, help="of the window, in pixels")
    parser.add_argument("--height", type=int, default=1700, help="of the window, in pixels")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    page = (options.report / "index.html").resolve()
    if chromium is None or not page.is_file():
        missing = f"{page} is not there; write it with: nnparity report RESULTS --out {options.report}"
        sys.stderr.write(f"{missing if chromium else 'no chromium is on PATH; on Debian: apt-get install chromium'}\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn.png"
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000")
        profile, size = f"--user-data-dir={folder}/profile", f"--window-size={options.width},{options.height}"
        wanted = (profile, size, f"--screenshot={drawn}", page.as_uri())
        subprocess.run([chromium, *flags, *wanted], check=True, timeout=120, stderr=subprocess.DEVNULL)
        with Image.open(drawn) as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(options.picture, optimize=True)
    size_in_bytes = options.picture.stat().st_size
    sys.stdout.write(f"{options.picture}: {size_in_bytes:,} bytes\n")
    if size_in_bytes > AT_MOST:
        sys.stderr.write(f"expected at most {AT_MOST:,} bytes; give a smaller --height\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
