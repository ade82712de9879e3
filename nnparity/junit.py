"""Writes outcomes as JUnit XML, for the test tab of a CI service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from nnparity.escape import visible
from nnparity.facts import Facts
from nnparity.matrix import BAD, Cell, Matrix, matrix
from nnparity.outcome import Outcome, Status, Verdict

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
TRACEBACK = "Traceback (most recent call last):"
EXPLAINED = {Verdict.XFAIL.value, Verdict.ALLOWED.value}
COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(outcomes: Sequence[Outcome], facts: Facts) -> str:
    """Return one suite a layer; in it, for each path, one test case for all checks that matched, saying how many.

    Each failure is a test case with its whole account. What is known, allowed, unsupported or not run is one skipped
    test case a cause, with the ids of its cases where a recorded divergence explains it. So is a layer and path without
    any check.
    """
    table = matrix(outcomes, facts)
    counts: Counter[str] = Counter()
    suites = []
    # A tree of all suites at once would take several times the memory of its text.
    for layer in table.layers:
        suite = _suite(table, layer, facts)
        counts.update({name: int(suite.get(name, 0)) for name in COUNTED})
        ET.indent(suite, level=1)
        suites.append(f"  {ET.tostring(suite, encoding='unicode').rstrip()}\n")
    root = ET.Element("testsuites", {"name": "nnparity", **{name: str(counts[name]) for name in COUNTED}})
    if not suites:
        return f"{HEAD}{ET.tostring(root, encoding='unicode')}\n"
    opening = ET.tostring(root, encoding="unicode", short_empty_elements=False).partition("</")[0]
    return "".join([HEAD, opening, "\n", *suites, "</testsuites>\n"])


def _suite(table: Matrix, layer: str, facts: Facts) -> ET.Element:
    suite = ET.Element("testsuite", name=visible(layer))
    for cell in table.row(layer):
        if cell.tally.matched:
            _add_matched(suite, cell)
        for outcome in cell.outcomes:
            if outcome.verdict in BAD:
                _add_failure(suite, outcome)
        _add_skipped(suite, cell, facts)
        if not cell.outcomes:
            skipped = ET.SubElement(_test_case(suite, cell.layer, _cell_name(cell)), "skipped")
            skipped.set("message", visible(f"not run: {facts.why_not_run(cell.path)}"))
    for attribute, tag in COUNTED.items():
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    return suite


def _add_matched(suite: ET.Element, cell: Cell) -> None:
    case = _test_case(suite, cell.layer, _cell_name(cell))
    ET.SubElement(case, "system-out").text = f"{cell.tally.matched} of {cell.tally.total} checks matched"


def _add_failure(suite: ET.Element, outcome: Outcome) -> None:
    case = _test_case(suite, outcome.layer, f"[{outcome.layer}-{outcome.path_id}] {outcome.case}")
    unexpected = outcome.verdict is Verdict.FAIL and outcome.status is not Status.MISMATCH
    failure = ET.SubElement(case, "error" if unexpected else "failure")
    failure.set("type", f"{outcome.verdict.value} {outcome.stage.value} {outcome.status.value}")
    failure.set("message", visible(headline(outcome)))
    failure.text = visible("\n".join(part for part in (outcome.detail, outcome.reproduce) if part))


def _add_skipped(suite: ET.Element, cell: Cell, facts: Facts) -> None:
    """Add a test case for each cause for which checks are neither a match nor a failure."""
    causes: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in cell.outcomes:
        if one.verdict not in {Verdict.PASS, *BAD}:
            cause = (one.verdict.value, one.known or one.component)
            causes.setdefault(cause, {}).setdefault(headline(one), []).append(one.case)
    for (verdict, what), said in sorted(causes.items()):
        case = _test_case(suite, cell.layer, f"{_cell_name(cell)} {verdict} {what}".rstrip())
        skipped = ET.SubElement(case, "skipped")
        count = sum(map(len, said.values()))
        skipped.set("message", visible(f"{count} of {cell.tally.total} checks {next(iter(said))}"))
        reason = facts.known[what].reason if what in facts.known else ""
        told = said if verdict in EXPLAINED else {}
        each = [f"{words}: {' '.join(ids)}" if len(said) > 1 else " ".join(ids) for words, ids in told.items()]
        skipped.text = visible("\n".join(part for part in (reason, *each) if part))


def headline(outcome: Outcome) -> str:
    """Return in one line what became of a check."""
    lines = outcome.detail.strip().splitlines() or [""]
    # What a traceback comes to stands at its end.
    first = lines[-1] if lines[0].endswith(TRACEBACK) else lines[0]
    if outcome.verdict is Verdict.XPASS:
        return f"the witness of {outcome.known} matches now: delete this entry"
    if outcome.verdict in {Verdict.XFAIL, Verdict.ALLOWED}:
        return f"{'known' if outcome.verdict is Verdict.XFAIL else 'allowed'}: {outcome.known}"
    where = f" in {outcome.component}" if outcome.component else ""
    return f"{outcome.stage.value} {outcome.status.value}{where}" + (f": {first}" if first else "")


def _cell_name(cell: Cell) -> str:
    return f"[{cell.layer}-{'>'.join(cell.path)}]"


def _test_case(suite: ET.Element, layer: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=visible(layer), name=visible(name))
