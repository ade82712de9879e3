"""The programs of Qualcomm's SNPE, or of the QAIRT SDK that it has become part of, which the user supplies."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnparity.loading import load_file

SUPPLIED = load_file(Path(__file__).with_name("user_files.py"))
VARIABLE, ALSO, PYTHON = "SNPE_ROOT", "QAIRT_SDK_ROOT", "SNPE_PYTHON"
PLATFORM = "x86_64-linux-clang"
CONVERTER, DESCRIBER, RUNNER = "snpe-onnx-to-dlc", "snpe-dlc-info", "snpe-net-run"


def wanted(program: str) -> Any:
    """Return what is looked for; the SDK's own variable does where SNPE_ROOT is not set."""
    variable = ALSO if os.environ.get(ALSO) and not os.environ.get(VARIABLE) else VARIABLE
    what = f"Qualcomm's SNPE or QAIRT SDK for Linux on x86, with {program}"
    return SUPPLIED.Wanted(variable, what, (f"bin/{PLATFORM}/{program}", f"bin/{program}"))


def missing(*programs: str) -> str:
    return str(SUPPLIED.missing([wanted(program) for program in programs]))


def identity(*programs: str) -> str:
    return str(SUPPLIED.identity([wanted(program) for program in programs]))


def call(program: str, options: Sequence[str | Path], *, folder: Path) -> Any:
    """Run one of the programs with the SDK's libraries; those that are Python run in SNPE_PYTHON if it is set."""
    path: Path = wanted(program).needed()
    root = path.parents[2] if path.parent.name == PLATFORM else path.parents[1]
    variables = SUPPLIED.with_libraries(root / "lib" / PLATFORM)
    variables["PYTHONPATH"] = str(root / "lib" / "python")
    variables["PATH"] = f"{path.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with path.open("rb") as file:
        script = file.read(2) == b"#!"
    python = os.environ.get(PYTHON, "")
    command = [*([python] if python and script else []), path, *options]
    return replace(SUPPLIED.call(command, folder=folder, variables=variables), program=program)


def layers(model: bytes) -> list[dict[str, str]]:
    """Return what snpe-dlc-info writes of each layer, by the heads of its table: "Type", "Outputs", "Out Dims" ..."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.dlc").write_bytes(model)
        said = call(DESCRIBER, ["-i", folder / "model.dlc", "-s", folder / "layers.csv"], folder=folder)
        said.demand()
        text = said.demand_file(folder / "layers.csv").read_text(encoding="utf-8")
    found = list(_rows(list(csv.reader(text.splitlines()))))
    if not found:
        raise RuntimeError(f"{DESCRIBER} wrote a table without the heads Id, Name, Type; {text[:200]!r}")
    return found


def _rows(lines: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Yield the rows of the table of layers: there are lines before and after it, and a layer may go on in the next."""
    heads: list[str] = []
    for line in lines:
        cells = [cell.strip() for cell in line]
        if not heads:
            heads = cells if {"Name", "Type"} <= set(cells) else []
        elif len(cells) >= len(heads) and cells[0].isdigit():
            yield dict(zip(heads, cells, strict=False))


def shapes(rows: Sequence[dict[str, str]]) -> dict[str, tuple[int, ...]]:
    """Return the sizes of each layer's first output, by its name without what the table adds in brackets."""
    found = {}
    for row in rows:
        names = re.split(r"[\s,;]+", row.get("Outputs", ""))
        sizes = re.findall(r"\d+", re.split(r"[;\n]", row.get("Out Dims", ""))[0])
        if names and sizes:
            found[names[0]] = tuple(map(int, sizes))
    return found
