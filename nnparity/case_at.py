"""What the user names by CASE@PATH: a recorded case or a known divergence's witness, on one path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from nnparity.cases import case_in, ids_in
from nnparity.discovery import Content, Route
from nnparity.errors import UserError, if_near, nearest
from nnparity.layers import Case


@dataclass(frozen=True)
class CaseAt:
    """One case on one path."""

    case: Case
    route: Route

    @property
    def id(self) -> str:
        return f"{self.case.id}@{self.route.id}"


def case_at(text: str, folders: Sequence[Path], content: Content) -> CaseAt:
    """Return what CASE@PATH names. folders: of runs, whose cases/ are looked into after what is known.

    Raises UserError for what is not there, with what is near.
    """
    case_id, at, path = text.partition("@")
    if not at or not case_id or not path:
        example = f"{case_id or '0123456789ab'}@{content.routes[0].id}"
        raise UserError(
            f"{text!r}: expected CASE@PATH, as in '{example}'; put it in quotes, > means something else there"
        )
    routes = {route.id: route for route in content.routes}
    if path not in routes:
        steps = [step for step in path.split(">") if step not in content.components and step not in content.roots]
        near = if_near(steps[0], {*content.components, *content.roots}) if steps else if_near(path, routes)
        said = f"there is no step {steps[0]!r}{near}" if steps else f"no such path{near}"
        raise UserError(f"{text!r}: {said}; `nnparity list paths` shows all {len(routes)}")
    case = _case(text, case_id, folders, content)
    refuse_unless_there(case, content, repr(text))
    return CaseAt(case, routes[path])


def refuse_unless_there(case: Case, content: Content, said: str) -> None:
    """Raise UserError where there is no such layer or relation of it. said: what was asked for."""
    if case.layer not in content.layers:
        near = nearest(case.layer, content.layers)
        raise UserError(f"{said}: it is a case of {case.layer!r}, and there is no such layer; {near}; see --models")
    relations = {relation.name for relation in content.layers[case.layer].relations}
    if case.relation and case.relation not in relations:
        asks = f"it asks {case.layer} about the relation {case.relation!r}, which it does not have"
        raise UserError(f"{said}: {asks}; {nearest(case.relation, relations)}")


def _case(text: str, case_id: str, folders: Sequence[Path], content: Content) -> Case:
    known = [*chain(*content.found.values()), *(entry.witness for entry in content.known)]
    searched = [folder / "cases" for folder in folders]
    case = case_in(case_id, searched, known)
    if case is not None:
        return case
    places = ", ".join(map(str, searched))
    raise UserError(
        f"{text!r}: the case {case_id!r} is no witness of a known divergence, and not in {places}"
        f"{if_near(case_id, ids_in(searched, known))}; give the folder of the run that had it with --results"
    )
