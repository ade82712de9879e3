"""The failure that a command is asked about: a case on a path, of a layer or of a model of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nnparity.bench import Bench
from nnparity.case_at import CaseAt, case_at
from nnparity.cases import case_in
from nnparity.errors import UserError
from nnparity.options import DEFAULT_OUT, OWN_OUT
from nnparity.oracle import Oracle
from nnparity.own_models import Reader, oracle_of
from nnparity.own_target import Shapes, Target

LIMITS = {"count": 1, "seed": 0, "megabytes": 2048, "nodes": 50_000}


def case_asked_about(options: Mapping[str, Any], bench: Bench, say: Callable[[str], None]) -> tuple[CaseAt, Oracle]:
    """Return the case on its path as the options of a command name it, and what it is held to. Raises UserError.

    A model of the user's own is read again, and stands in the bench's content from then on.
    """
    text, folders = options["case_at"], [*options["results"], Path(DEFAULT_OUT), Path(OWN_OUT)]
    if options["target"] is None:
        try:
            return case_at(text, folders, bench.content), Oracle(bench)
        except UserError as problem:
            raise UserError(f"{problem}; a case of a model of your own needs the model, as --target") from problem
    target = Target.parse(options["target"])
    case_id = text.partition("@")[0]
    searched = [folder / "cases" for folder in folders]
    case = case_in(case_id, searched)
    if case is None:
        places = ", ".join(map(str, searched))
        raise UserError(f"{text!r}: no case {case_id!r} in {places}; give the folder of the check with --results")
    if target.name != case.layer:
        raise UserError(
            f"the case {case_id} is one of {case.layer!r}, and --target {options['target']} is read as "
            f"{target.name!r}; give the model that was checked"
        )
    reader = Reader(bench, {**LIMITS, "trust": options["trust"], "python": options["python"]}, say)
    own = reader.read(target, Shapes({}, {}), case.inputs)
    return case_at(text, folders, bench.content), oracle_of([own], bench)
