"""Keeps cases in files, so that one that failed can be run again by its id."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nnparity.dtypes import read_back
from nnparity.errors import UserError, nearest
from nnparity.layers import Case

MODEL, RELATION = "__case__", "__relation__"


def save_case(case: Case, folder: Path) -> Path:
    """Write `folder/<id>.npz` and return it; a case that is there already is left as it is."""
    file = folder / f"{case.id}.npz"
    if not file.exists():
        text = np.frombuffer(case.model_text.encode(), dtype=np.uint8)
        arrays = {MODEL: text, **{f"input_{name}": array for name, array in case.inputs.items()}}
        arrays |= {RELATION: np.array(case.relation)} if case.relation else {}
        partial = file.with_suffix(f".{os.getpid()}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open(partial, "wb") as stream:
                np.savez(stream, allow_pickle=False, **arrays)
            partial.rename(file)
        except OSError as problem:
            partial.unlink(missing_ok=True)
            raise UserError(
                f"keeping the case {file}: {problem.strerror}; free some space, go on with --resume"
            ) from problem
    return file


def load_case(file: Path) -> Case:
    """Return the case that `save_case` wrote. Raises UserError for any other file."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            layer, config, seed, open_axes = json.loads(archive[MODEL].tobytes())
            given = [name for name in archive.files if name not in {MODEL, RELATION}]
            inputs = {name.removeprefix("input_"): read_back(archive[name]) for name in given}
            relation = str(archive[RELATION]) if RELATION in archive.files else ""
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        raise UserError(f"reading the case {file}: {problem}; expected a file that nnparity wrote") from problem
    return Case(layer, config, seed, inputs, tuple(open_axes), relation=relation)


def find_case(case_id: str, folders: Iterable[Path], known: Iterable[Case]) -> Case:
    """Return the case of this id from the folders or among the known witnesses. Raises UserError."""
    witnesses = {case.id: case for case in known}
    if case_id in witnesses:
        return witnesses[case_id]
    searched = list(folders)
    for folder in searched:
        if (folder / f"{case_id}.npz").is_file():
            return load_case(folder / f"{case_id}.npz")
    there = {file.stem for folder in searched for file in folder.glob("*.npz")} | set(witnesses)
    places = ", ".join(str(folder) for folder in searched)
    raise UserError(
        f"--case {case_id!r}: not in {places}; {nearest(case_id, there)}; give the --out folder of the run that had it"
    )
