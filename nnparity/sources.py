"""Which content files a content file loads: an artifact's key holds those, and no others, so what is made stays."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from pathlib import Path

from nnparity.cache import digest_of_files
from nnparity.errors import UserError

QUOTED = re.compile(r"""["']([\w.-]+)["']""")
LOOKED_INTO = "custom_operators"  # whoever names this folder loads every file in it


class Sources:
    """The shared files of all content folders, and which of them a file names, directly or through another.

    A content file loads another with `load_file` and a path that ends in its name, written out; a test holds that.
    """

    def __init__(self, shared: Iterable[Path]) -> None:
        self._shared: dict[str, list[Path]] = {}
        for file in shared:
            for name in (file.name, *([LOOKED_INTO] if file.parent.name == LOOKED_INTO else [])):
                self._shared.setdefault(name, []).append(file)
        self._named: dict[Path, frozenset[Path]] = {}
        self._digests: dict[Path, str] = {}
        self._stamps: dict[Path, tuple[int, int] | None] = {}
        self._lock = threading.Lock()

    def of(self, file: Path) -> tuple[Path, ...]:
        """Return the file, then all that it loads, in a fixed order whatever folder they lie in."""
        found = {file}
        waiting = [file]
        while waiting:
            fresh = self._names(waiting.pop()) - found
            found |= fresh
            waiting += fresh
        return (file, *sorted(found - {file}, key=lambda one: (one.parent.name, one.name, str(one))))

    def digest(self, file: Path) -> str:
        """Return the SHA-256 of the file and all that it loads."""
        if file not in self._digests:
            files = self.of(file)
            with self._lock:
                self._stamps.update((one, _stamp(one)) for one in files if one not in self._stamps)
            self._digests[file] = digest_of_files(files)
        return self._digests[file]

    def require_unchanged(self) -> None:
        """Raise UserError where a file is not what its digest was taken of: what was made since is of neither text."""
        with self._lock:
            changed = next((file for file, stamp in self._stamps.items() if _stamp(file) != stamp), None)
        if changed is not None:
            raise UserError(
                f"making artifacts: {changed} was changed while nnparity runs, expected it to stay as it was at the "
                "start; nothing was kept of what was being made; run again, with --resume to go on"
            )

    def _names(self, file: Path) -> frozenset[Path]:
        if file not in self._named:
            texts = set(QUOTED.findall(file.read_text(encoding="utf-8")))
            self._named[file] = frozenset(one for text in texts for one in self._shared.get(text, ()))
        return self._named[file]


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
