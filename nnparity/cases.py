"""Keeps cases in files, so that one that failed can be run again by its id."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nnparity.dtypes import read_back
from nnparity.errors import UserError, if_near
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


def case_in(case_id: str, folders: Iterable[Path], known: Iterable[Case] = ()) -> Case | None:
    """Return the case of this id among the known witnesses or from the folders, None if it is in neither."""
    witness = next((case for case in known if case.id == case_id), None)
    if witness is not None:
        return witness
    file = next((file for folder in folders if (file := folder / f"{case_id}.npz").is_file()), None)
    return None if file is None else load_case(file)


def ids_in(folders: Iterable[Path], known: Iterable[Case]) -> set[str]:
    """Return the ids of all cases in the folders and among the known witnesses."""
    return {file.stem for folder in folders for file in folder.glob("*.npz")} | {case.id for case in known}


def find_case(case_id: str, folders: Iterable[Path], known: Iterable[Case]) -> Case:
    """Return the case of this id from the folders or among the known witnesses. Raises UserError."""
    searched, witnesses = list(folders), list(known)
    case = case_in(case_id, searched, witnesses)
    if case is not None:
        return case
    there = ids_in(searched, witnesses)
    places = ", ".join(str(folder) for folder in searched)
    raise UserError(
        f"--case {case_id!r}: not in {places}{if_near(case_id, there)}; give the --out folder of the run that had it"
    )
