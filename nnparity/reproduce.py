"""One `nnparity reproduce`: a failure as a script that needs no nnparity, written, run, and told of."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nnparity.bench import Bench
from nnparity.by_hand import AllByHand, by_hand_in
from nnparity.cache import ArtifactCache, cache_folder, digest
from nnparity.case_at import CaseAt
from nnparity.check import check
from nnparity.divergence import KnownDivergence
from nnparity.environments import NOTHING_WRITTEN, Environments
from nnparity.errors import NEW_FAILURE, UserError
from nnparity.escape import visible
from nnparity.making import CannotReproduce, DeclaredNotShown, Making, first_that_can, repeated_by
from nnparity.options import load_content
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome, Status
from nnparity.own_case import case_asked_about
from nnparity.remote import THREADS
from nnparity.script import DATA, FILE, LAYER, NOT_SHOWN, SHOWN, STEPS, Script
from nnparity.worker import ARTIFACT

SECONDS = 600


@dataclass(frozen=True)
class Reproduction:
    """A script that was written. folder: where it lies. starts: environments and arguments to run it with, in order."""

    file: Path
    starts: tuple[tuple[str, tuple[str, ...]], ...]
    lines: int
    outcome: Outcome


@dataclass(frozen=True)
class Ended:
    """How a script ended. code: of the last part that ran."""

    code: int
    said: str

    @property
    def shows(self) -> bool:
        return self.code == SHOWN


def reproduce_case(**options: Any) -> int:
    """Do as the options of `nnparity reproduce` say; return the exit code."""
    console = Console(soft_wrap=True, highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False)

    content = load_content(options["models"], options["converters"])
    environments = Environments(content.environments, cache_folder())
    with Bench(content, environments, ArtifactCache(cache_folder())) as bench:
        asked, oracle = case_asked_about(options, bench, say)
        failed = environments.build_all(bench.content.environments_on([asked.route]), say)
        if failed:
            raise UserError(f"{asked.id}: {'; '.join(failed.values())}")
        try:
            made = reproduction(asked, bench, oracle, options["out"], by_hand_in(options["converters"]))
        except CannotReproduce as problem:
            raise UserError(f"{asked.id}: {problem}") from problem
    say(f"{made.file}: {made.lines} lines; {_headline(made.outcome)}")
    if not options["run_it"]:
        return 0
    ended = run_script(made, environments)
    for line in ended.said.strip().splitlines()[-6:]:
        say(f"  {visible(line)}")
    say(ran_here(ended))
    return 0 if ended.shows else NEW_FAILURE


def ran_here(ended: Ended) -> str:
    """Return in words whether the script shows what it is about."""
    if ended.shows:
        return "run here, it shows the divergence (exit code 1)"
    said = "it does not show it (exit code 0)" if ended.code == NOT_SHOWN else f"it ends with exit code {ended.code}"
    return f"run here, {said}: by hand it is not what nnparity does"


def _headline(outcome: Outcome) -> str:
    lines = outcome.detail.strip().splitlines() or [""]
    return f"{outcome.stage.value} {outcome.status.value}: {visible(lines[0][:200])}"


def reproduction(
    asked: CaseAt, bench: Bench, oracle: Oracle, out: Path, by_hand: AllByHand, *, entry: KnownDivergence | None = None
) -> Reproduction:
    """Return the script for the case on the path, written below `out`. Raises CannotReproduce.

    entry: the known divergence that the script is about, where it is not the first that explains the outcome.
    """
    outcome = check(asked.case, asked.route, bench, oracle)
    if asked.case.layer in bench.content.given:  # `nnparity run`, which its command names, has no such case
        outcome = replace(outcome, reproduce="")
    if outcome.status in {Status.MATCH, Status.UNSUPPORTED, Status.NOT_RUN}:
        why = f": {outcome.detail[:300]}" if outcome.detail else ", which needs no script"
        raise CannotReproduce(f"on this path it is {outcome.status.value}{why}")
    if asked.case.relation:
        raise CannotReproduce(
            f"it asks about the relation {asked.case.relation!r} of two runs, and a script has one run"
            f"{repeated_by(outcome)}"
        )
    for words, why in by_hand.not_shown.get(outcome.component, {}).items():
        if words in outcome.detail:
            raise DeclaredNotShown(f"no script shows this: {why}{repeated_by(outcome)}")
    making = Making(asked, replace(outcome, known=entry.id) if entry else outcome, bench, oracle, by_hand.functions)
    failing, script = first_that_can(making, outcome)
    folder = out / f"{asked.case.layer}-{asked.case.id}-{digest(asked.route.id)[:6]}"
    _write(script, folder, making.start_of(failing))
    several = len(failing.parts) > 1
    starts = tuple((part.name, (str(place),) if several else ()) for place, part in enumerate(failing.parts, 1))
    return Reproduction(folder / FILE, starts, script.lines, outcome)


def run_script(made: Reproduction, environments: Environments) -> Ended:
    """Run the script in the environments that are built, one part after the other; the last that ran says it."""
    said = ""
    code = NOT_SHOWN
    for name, arguments in made.starts:
        built, spec = environments.build(name), environments.specs[name]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        try:
            ran = subprocess.run(
                [str(built.interpreter), "-s", str(made.file.resolve()), *arguments],
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                timeout=SECONDS,
                env={**inherited, **THREADS, **NOTHING_WRITTEN, **(spec.variables or {})},
            )
        except subprocess.TimeoutExpired:
            return Ended(-1, f"{said}no answer in {SECONDS} s")
        said += ran.stderr + ran.stdout
        code = ran.returncode
        if code != NOT_SHOWN:
            break
    return Ended(code, said)


def _write(script: Script, folder: Path, start: tuple[str, Path] | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(script.text, encoding="utf-8")
        for name in (DATA, LAYER, STEPS):
            (folder / name).unlink(missing_ok=True)
        if script.arrays:
            np.savez(folder / DATA, allow_pickle=False, **script.arrays)
        for name, text in script.modules.items():
            (folder / name).write_text(text, encoding="utf-8")
        if start is not None:
            name, source = start
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(ARTIFACT, "drawn-*"))
    except OSError as problem:
        raise UserError(f"writing {folder}: {problem.strerror}; give another folder with --out") from problem
