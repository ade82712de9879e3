"""Artifacts by content hash, on disk, surviving runs; failures are kept too, so that nothing is done twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from nnparity.errors import UserError
from nnparity.kept_runs import KeptRuns
from nnparity.outcome import Failure, Stage, Status
from nnparity.scratch import Scratch
from nnparity.worker import ARTIFACT

FORMAT = "1"
FAILURE = "failure.json"
LASTING = {Status.UNSUPPORTED, Status.ERROR, Status.CRASH}
CACHE_VARIABLE = "NNPARITY_CACHE"
MAKE_ROOM = (
    f"free some space, or set {CACHE_VARIABLE} to a folder on another disk; "
    "what was recorded is kept, go on with --resume"
)


def cache_folder() -> Path:
    """Return the folder that environments and artifacts are kept in: $NNPARITY_CACHE, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    folder = Path(named) if named else Path(platformdirs.user_cache_dir("nnparity"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(
            f"making the cache folder {folder}: {problem.strerror}; "
            f"set {CACHE_VARIABLE} to a folder that can be written"
        ) from problem
    return folder.resolve()


def digest(*parts: str | bytes) -> str:
    """Return the SHA-256 of the parts, each set apart from the next."""
    hasher = hashlib.sha256(FORMAT.encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()


def digest_of_files(files: Iterable[Path]) -> str:
    """Return the SHA-256 of the files' bytes, in the order given."""
    return digest(*(file.read_bytes() for file in files))


@dataclass(frozen=True)
class Made:
    """An artifact in the cache. seconds: what making it took, loading and saving not counted.

    megabytes: the most that the worker held while it was made, the framework included; 0 if that is not known.

    origin: what artifacts made from it are keyed by, "" for its own key. A root's key says where the layer's file lies,
    its origin does not: what is made from a copy of the file is the same.
    """

    key: str
    folder: Path
    representation: str
    operators: dict[str, int]
    seconds: float
    megabytes: int
    fresh: bool
    origin: str = ""


class ArtifactCache:
    """A folder of finished artifacts; one that is half made is never seen under its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "artifacts"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._scratch = Scratch(self._folder)
        self.runs = KeptRuns(folder)
        self._found: dict[str, Made | Failure] = {}
        self._operators: dict[str, dict[str, int]] = {}

    def get(self, key: str) -> Made | Failure | None:
        """Return what was made under this key before, or how making it failed, or None."""
        if key not in self._found:
            folder = self._place(key)
            found = self._read(key, folder)
            if found is None:
                return None
            self._found[key] = found
        return self._found[key]

    def scratch(self) -> Path:
        """Return a new empty folder on the cache's own file system."""
        try:
            return self._scratch.new()
        except OSError as problem:
            raise UserError(f"writing to the cache {self._folder}: {problem.strerror}; {MAKE_ROOM}") from problem

    def keep(self, key: str, scratch: Path) -> Made:
        """Move a finished folder to its key and return it."""
        place = self._place(key)
        place.parent.mkdir(exist_ok=True)
        try:
            scratch.rename(place)
        except OSError:
            if isinstance(self._read(key, place), Made):  # another process finished the same artifact first
                shutil.rmtree(scratch)
            else:  # damaged, or a failure that did not come again
                shutil.rmtree(place, ignore_errors=True)
                scratch.rename(place)
        made = self._read(key, place, fresh=True)
        if not isinstance(made, Made):
            raise Failure(Stage.CONVERT, Status.ERROR, f"the worker left no {ARTIFACT} in {place}")
        self._found[key] = replace(made, fresh=False)
        return made

    def fail(self, key: str, failure: Failure) -> None:
        """Keep a failure that would come again; one of time or memory may not, and is forgotten."""
        if failure.status not in LASTING:
            return
        folder = self.scratch()
        record = {
            "stage": failure.stage.value,
            "status": failure.status.value,
            "detail": failure.detail,
            "component": failure.component,
        }
        (folder / FAILURE).write_text(json.dumps(record), encoding="utf-8")
        self._place(key).parent.mkdir(exist_ok=True)
        try:
            folder.rename(self._place(key))
        except OSError:
            shutil.rmtree(folder)
        self._found[key] = failure

    def _place(self, key: str) -> Path:
        return self._folder / key[:2] / key

    def _read(self, key: str, folder: Path, *, fresh: bool = False) -> Made | Failure | None:
        try:
            try:
                record = json.loads((folder / ARTIFACT).read_text(encoding="utf-8"))
            except FileNotFoundError:
                record = json.loads((folder / FAILURE).read_text(encoding="utf-8"))
                stage, status = Stage(record["stage"]), Status(record["status"])
                return Failure(stage, status, record["detail"], component=record["component"])
            operators = self._shared(record["operators"] or {})
            return Made(
                key, folder, record["representation"], operators, record["seconds"], record.get("megabytes", 0), fresh
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _shared(self, operators: dict[str, int]) -> dict[str, int]:
        """Return one object for equal counts: thousands of artifacts have few different ones."""
        return self._operators.setdefault(json.dumps(operators, sort_keys=True), operators)
