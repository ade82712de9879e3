"""A report is a pure function of what was recorded, and leaves nothing of it out."""

from __future__ import annotations

import json
import math
import re
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jinja2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nnparity.errors import UserError
from nnparity.facts import Facts
from nnparity.loading import load_file
from nnparity.matrix import Standing, Tally, matrix
from nnparity.merging import settled
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.report import Section, discover_sections, figure, write_report
from nnparity.store import Results, merge

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
REPORTS = Path(__file__).parents[2] / "reports"
SECTIONS = discover_sections(REPORTS)
PAGES = ("index.html", "report.md", "summary.json", "junit.xml")

# Rendering draws a whole page; a hundred of them say enough.
slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def render(results: Results, sections: Sequence[Section] = SECTIONS) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_text(encoding="utf-8") for path in write_report(results, Path(folder), sections)}


def small() -> Results:
    facts, outcomes = drawn.small_run()
    return Results(facts, tuple(outcomes))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return render(small())


def results_drawn() -> st.SearchStrategy[Results]:
    return st.builds(Results, facts=drawn.facts(), outcomes=st.lists(drawn.outcomes(), max_size=4).map(tuple))


# The same lines, the same bytes.


@slow
@given(st.lists(results_drawn(), min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_order_of_lines_and_files_makes_no_difference(results: list[Results], random: Any) -> None:
    shuffled = [Results(one.facts, tuple(random.sample(one.outcomes, len(one.outcomes)))) for one in results]
    random.shuffle(shuffled)
    assert render(merge(*results)) == render(merge(*shuffled))


def test_operators_in_another_order_give_the_same_bytes() -> None:
    def reversed_keys(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: reversed_keys(value[name]) for name in reversed(list(value))}
        return value

    facts, outcomes = drawn.small_run()
    turned = [Outcome.from_json(reversed_keys(outcome.to_json())) for outcome in outcomes]
    assert render(Results(reversed_keys(facts), tuple(turned))) == render(Results(facts, tuple(outcomes)))


def test_no_host_name_and_no_path_is_in_a_report(tmp_path: Path) -> None:
    for path in write_report(small(), tmp_path, SECTIONS):
        text = path.read_text(encoding="utf-8")
        for machine in (str(tmp_path), str(REPORTS), str(Path.home()), socket.gethostname()):
            # A home such as "/" or a host named after one of our words would say nothing.
            assert len(machine) < 4 or machine not in text
        assert not re.search(r"\d\d:\d\d", text)


# Nothing is left out.


def test_every_layer_has_a_cell_on_every_path(pages: dict[str, str]) -> None:
    table = matrix(small().outcomes, Facts.of(small().facts))
    assert len(table.cells) == len(table.layers) * len(table.paths) == 2 * 3
    for layer, path in table.cells:
        assert any(
            title.startswith(f"{layer} on {'>'.join(path)}: ") for title in browsed.Page(pages["index.html"]).titles
        )


def test_path_without_outcome_is_not_run_with_its_reason(pages: dict[str, str]) -> None:
    titles = browsed.Page(pages["index.html"]).titles
    assert "softmax on torch>onnx_from_torch>tvm: not run. tvm: its environment is not built" in titles
    assert "gelu on torch>onnx_from_torch>tvm: not run. tvm: its environment is not built" in titles
    case = ET.fromstring(pages["junit.xml"]).find(".//testcase[@name='[gelu-torch>onnx_from_torch>tvm]']/skipped")  # noqa: S314 we wrote it
    assert case is not None
    assert case.get("message") == "not run: tvm: its environment is not built"
    assert json.loads(pages["summary.json"])["cells"] == {"total": 6, "without_outcome": 2}


@given(st.lists(drawn.outcomes(), max_size=8))
def test_verdicts_partition_the_checks(outcomes: list[Outcome]) -> None:
    tally = Tally.of(outcomes)
    assert tally.total == len(outcomes)
    assert tally.matched + tally.known + tally.allowed + tally.unsupported + tally.failed + tally.not_run == tally.total


@given(st.lists(drawn.outcomes(), min_size=1, max_size=6))
def test_failure_is_never_outvoted(outcomes: list[Outcome]) -> None:
    tally = Tally.of(outcomes)
    bad = any(outcome.verdict in {Verdict.FAIL, Verdict.XPASS} for outcome in outcomes)
    assert (tally.standing is Standing.FAILED) == bad
    assert (tally.standing is Standing.MATCHED) == all(outcome.verdict is Verdict.PASS for outcome in outcomes)


@pytest.mark.parametrize(
    "shown",
    [
        "2 of 6 checks failed in a way that nothing recorded explains.",
        "y: 2 of 6 elements are wrong",
        "nnparity run --case 77",
        "the witness of litert/gelu matches now: delete this entry",
        "erf is rounded to float16 inside",
        "upstream's",
        "1 recorded divergences were not met",
        "no float64",
        "its environment is not built",
        "stopped",
        "Conversions: 5 cached, 2 made.",
        "a processor",
    ],
)
def test_what_was_recorded_is_shown(pages: dict[str, str], shown: str) -> None:
    assert shown in browsed.Page(pages["index.html"]).text


def test_failures_come_before_stale_entries(pages: dict[str, str]) -> None:
    failures = pages["report.md"].partition("## Failures")[2].partition("\n## ")[0]
    assert [line.split()[1] for line in failures.splitlines() if line.startswith("### ")] == ["FAIL", "XPASS"]
    assert [failure["verdict"] for failure in json.loads(pages["summary.json"])["failures"]] == ["XPASS", "FAIL"]


def test_failure_with_many_cases_is_told_once_with_the_worst() -> None:
    same = [
        drawn.one(case=f"case{number}", verdict=Verdict.FAIL, error_over_budget=error, detail=f"detail {number}")
        for number, error in enumerate([2.0, math.nan, 9.0, math.inf, 3.0])
    ]
    failures = [section for section in SECTIONS if section.name == "failures"]
    text = browsed.Page(render(Results({}, tuple(same)), failures)["index.html"]).text
    assert [number for number in range(5) if f"detail {number}" in text] == [3]
    assert "other cases: 4" in text
    assert all(f"case{number}" in text for number in range(5))


def test_paths_that_fail_alike_are_told_together() -> None:
    paths = [("torch", "onnx_from_torch", f"runtime_{number}") for number in range(3)]
    same = [drawn.one(path=path, verdict=Verdict.FAIL, detail="y is wrong") for path in paths]
    other = drawn.one(path=("torch", "torch_eager"), verdict=Verdict.FAIL, detail="y is wrong in another way")
    page = render(Results({}, (*same, other)), [section for section in SECTIONS if section.name == "failures"])
    assert page["index.html"].count("<article") == 2
    assert page["index.html"].count("nnparity reproduce") == 4
    assert "4 of 4 checks failed" in page["index.html"]


def test_operators_stand_beside_what_the_runtime_leaves(pages: dict[str, str]) -> None:
    rows = [line.split(" | ") for line in pages["report.md"].splitlines() if line.startswith("| torch")]
    assert rows[0][1:] == ["PyTorch", "1 (activation 1)", " |"]
    assert rows[1][1:] == ["ONNX", "4 (activation 1, cast 2, no family 1)", "onnxruntime_cpu: 1 (activation 1) |"]


def test_operator_counts_that_differ_are_both_shown() -> None:
    twice = [drawn.one(case=str(n), op_counts={"torch": {"aten.mm": n}}) for n in (1, 2)]
    assert "| torch |  | 1 (no family 1) or 2 (no family 2) |" in render(Results({}, tuple(twice)))["report.md"]


def test_settings_of_one_runtime_are_put_side_by_side() -> None:
    made = ("torch", "onnx_from_torch")
    steps = {
        "torch": {"representation": "torch", "environment": "torch"},
        "onnx_from_torch": {"representation": "onnx", "environment": "torch"},
        "onnx_tidied": {"representation": "onnx", "environment": "onnx"},
        "slow": {"representation": "onnx", "environment": "onnx"},
        "fast": {"representation": "onnx", "environment": "onnx"},
        "other": {"representation": "onnx", "environment": "elsewhere"},
    }
    wrong = {"status": Status.MISMATCH, "verdict": Verdict.FAIL}
    outcomes = [
        *(drawn.one(case=case, path=(*made, *rest)) for case in "ab" for rest in (["slow"], ["other"])),
        drawn.one(case="a", path=(*made, "fast")),
        drawn.one(case="b", path=(*made, "fast"), **wrong),
        drawn.one(case="c", path=(*made, "fast"), **wrong),
        *(drawn.one(case=case, path=(*made, "onnx_tidied", "slow")) for case in "ab"),
    ]
    page = render(Results({"steps": steps}, tuple(outcomes)))["report.md"]
    row = next(line for line in page.splitlines() if line.startswith("| torch>onnx_from_torch | fast"))
    assert row == (
        "| torch>onnx_from_torch | fast, onnx_tidied > slow, slow | 2 | 1 | "
        "softmax: 1 (fast MISMATCH, onnx_tidied > slow MATCH, slow MATCH) |"
    )
    assert "other" not in row


def test_junit_counts_what_it_lists(pages: dict[str, str]) -> None:
    root = ET.fromstring(pages["junit.xml"])  # noqa: S314 we wrote it
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8", "failures": "2", "errors": "0", "skipped": "5",
    }  # fmt: skip
    failure = root.find(".//testcase[@name='[softmax-torch>onnx_from_torch>onnxruntime_cpu] 77']/failure")
    assert failure is not None
    assert failure.get("type") == "FAIL COMPARE MISMATCH"
    assert failure.text == "y: 2 of 6 elements are wrong\nnnparity run --case 77"


def test_summary_is_for_programs(pages: dict[str, str]) -> None:
    summary = json.loads(pages["summary.json"])
    assert summary["schema"] == "nnparity-summary/1"
    figures = {"total": 6, "matched": 1, "known": 1, "allowed": 0, "unsupported": 1, "failed": 2, "not_run": 1}
    assert summary["checks"] == figures
    assert summary["known_seen"] == {"litert/gelu": 2}
    for group in ("layers", "paths"):
        assert sum(tally["total"] for tally in summary[group].values()) == 6


# Whatever is missing, the rest is shown.


@slow
@given(results_drawn())
@example(Results({}, ()))
@example(Results({"paths": ["torch>x"]}, ()))
@example(Results({"layers": {"softmax": {}}}, ()))
def test_any_results_can_be_rendered(results: Results) -> None:
    pages = render(results)
    browsed.assert_tame(pages["index.html"])
    ET.fromstring(pages["junit.xml"])  # noqa: S314 we wrote it
    assert json.loads(pages["summary.json"])["checks"]["total"] == len(settled(results.outcomes))


@pytest.mark.parametrize("key", sorted(drawn.small_run()[0]))
def test_each_fact_may_be_missing(key: str) -> None:
    facts, outcomes = drawn.small_run()
    del facts[key]
    assert "y: 2 of 6 elements are wrong" in render(Results(facts, tuple(outcomes)))["index.html"]


def test_a_section_at_a_time() -> None:
    for section in SECTIONS:
        assert f'<section id="{section.name}"' in render(small(), [section])["index.html"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.0, "0"),
        (1.23456e-7, "1.23e-07"),
        (999.4, "999"),
        (266234.0, "266,234"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, "\N{EN DASH}"),
    ],
)
def test_figures_have_three_digits(number: float, shown: str) -> None:
    assert figure(number) == shown


# Sections are found by looking.


def section_file(folder: Path, name: str, order: int, template: str, *, file: str = "extra.py") -> None:
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(
        "from nnparity.report import Section\n"
        "def context(outcomes, facts):\n"
        "    return {'n': len(outcomes)}\n"
        f"SECTION = Section({name!r}, {order}, 'Extra', context, 'totals.html.jinja', 'totals.md.jinja')\n"
    )
    (folder / "templates" / "totals.html.jinja").write_text(template)
    (folder / "templates" / "totals.md.jinja").write_text(template)


def test_sections_come_in_the_order_they_ask_for() -> None:
    assert [section.name for section in SECTIONS][:3] == ["totals", "matrix", "failures"]
    assert [section.order for section in SECTIONS] == sorted(section.order for section in SECTIONS)


def test_without_folders_our_own_are_found() -> None:
    assert {section.name for section in SECTIONS} <= {section.name for section in discover_sections()}


def test_a_third_party_adds_a_section_with_templates_of_its_own(tmp_path: Path) -> None:
    section_file(tmp_path, "extra", 15, "There are {{ n }} here.")
    sections = discover_sections(REPORTS, tmp_path)
    assert [section.name for section in sections][:3] == ["totals", "extra", "matrix"]
    page = render(small(), sections)["index.html"]
    assert "There are 6 here." in page
    assert "A check is one case on one path." in page


def test_file_without_section_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(UserError, match=r"empty\.py does not end in SECTION"):
        discover_sections(tmp_path)


def test_name_given_twice_is_refused(tmp_path: Path) -> None:
    section_file(tmp_path, "totals", 15, "")
    with pytest.raises(UserError, match="gives the name totals again"):
        discover_sections(REPORTS, tmp_path)


def test_template_that_asks_for_what_is_not_there_fails(tmp_path: Path) -> None:
    section_file(tmp_path, "extra", 15, "{{ no_such_thing }}")
    with pytest.raises(jinja2.UndefinedError, match="no_such_thing"):
        render(small(), discover_sections(REPORTS, tmp_path))


def test_report_without_sections_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no sections"):
        write_report(small(), tmp_path, ())


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UserError, match=r"writing the report into .*taken: File exists"):
        write_report(small(), tmp_path / "taken", SECTIONS)


def test_second_report_replaces_the_first_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_report(Results({}, ()), tmp_path, SECTIONS)
    assert write_report(small(), tmp_path, SECTIONS) == tuple(tmp_path / name for name in PAGES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PAGES)
    assert "y: 2 of 6 elements are wrong" in (tmp_path / "index.html").read_text(encoding="utf-8")
