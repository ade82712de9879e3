"""Outputs by content hash, on disk, surviving runs: of runs that are a measure, not of those that are checked."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnparity.contracts import Arrays
from nnparity.frames import BadFrame, decode, encode, joined, split
from nnparity.scratch import Scratch

Outputs = list[dict[str, np.ndarray]]


class KeptRuns:
    """A folder of finished outputs, a file for each key; one that is half written is never seen under its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._scratch = Scratch(self._folder)

    def get(self, key: str) -> Outputs | None:
        """Return the outputs for each set of inputs that were kept under this key, or None; a damaged file is none."""
        try:
            stream = io.BytesIO(self._place(key).read_bytes())
            header, arrays = decode(stream.readline(), stream.read)
            return split(arrays, header["sets"])
        except (OSError, BadFrame, KeyError, ValueError, TypeError, IndexError):
            return None

    def keep(self, key: str, outputs: Sequence[Arrays]) -> None:
        """Keep the outputs for each set of inputs; where the disk refuses, they are run once more the next time."""
        with contextlib.suppress(OSError):
            unfinished = self._scratch.new() / "outputs"
            unfinished.write_bytes(b"".join(encode({"sets": len(outputs)}, joined(outputs))))
            place = self._place(key)
            place.parent.mkdir(exist_ok=True)
            unfinished.replace(place)
            unfinished.parent.rmdir()

    def _place(self, key: str) -> Path:
        return self._folder / key[:2] / key
