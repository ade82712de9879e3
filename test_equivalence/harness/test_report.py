"""A report is a pure function of what was recorded, and leaves nothing of it out."""

from __future__ import annotations

import json
import math
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nnparity.errors import UserError
from nnparity.facts import Facts
from nnparity.junit import headline
from nnparity.loading import load_file
from nnparity.matrix import Standing, Tally, matrix
from nnparity.merging import settled
from nnparity.outcome import Outcome, Stage, Status, Verdict
from nnparity.pages import Parts, fingerprint
from nnparity.rendering import figure
from nnparity.report import write_report
from nnparity.store import Results, merge

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
rendered = load_file(Path(__file__).with_name("rendered.py"))
render, only, small = rendered.render, rendered.only, rendered.small
REPORTS, PARTS = rendered.REPORTS, rendered.PARTS
OVER_RUNS = ("since", "trend", "over_runs")
CONTRACTS = ("index.html", "badge.svg", "junit.xml", "report.md", "summary.json")

# Rendering draws a whole page; a hundred of them say enough.
slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return render(small())  # type: ignore[no-any-return]


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
    for text in render(small()).values():
        for machine in (str(tmp_path), str(REPORTS), str(Path.home()), socket.gethostname()):
            # A home such as "/" or a host named after one of our words would say nothing.
            assert len(machine) < 4 or machine not in text
        assert not re.search(r"\d\d:\d\d", text)


def test_answers_are_compared_with_a_baseline_question_by_question() -> None:
    failed = {"status": Status.MISMATCH, "verdict": Verdict.FAIL}
    known = {"status": Status.MISMATCH, "verdict": Verdict.XFAIL}
    before = [
        drawn.one(case="a"),
        drawn.one(case="b", **failed),
        drawn.one(case="c"),
        drawn.one(case="d", **failed),
        drawn.one(case="gone"),
    ]
    now = [
        drawn.one(case="a", **failed),
        drawn.one(case="b"),
        drawn.one(case="c", **known),
        drawn.one(case="d", **failed),
        drawn.one(case="asked first", **failed),
        drawn.one(case="asked first too"),
    ]
    for name, text in render(Results({}, tuple(now)), earlier=[Results({}, tuple(before))]).items():
        if name in {"index.html", "report.md"}:
            shown = browsed.Page(text).text
            assert (
                "2 new failures, 1 that failed before and do not now, 1 otherwise changed, of 4 checks in both" in shown
            )
            assert "2 checks are only here, 1 only in the baseline" in shown


def test_without_a_baseline_nothing_is_said_of_one() -> None:
    pages = render(small())
    assert "baseline" not in pages["index.html"]
    assert "baseline" not in pages["report.md"]


# Nothing is left out.


def test_every_layer_has_a_cell_on_every_path(pages: dict[str, str]) -> None:
    table = matrix(small().outcomes, Facts.of(small().facts))
    assert len(table.cells) == len(table.layers) * len(table.paths) == 2 * 3
    for layer, path in table.cells:
        account = browsed.Page(pages[f"layers/{layer}.html"])
        assert f"p{fingerprint('>'.join(path))}" in account.ids
        assert f"layers/{layer}.html" in browsed.Page(pages["index.html"]).links
        assert f'data-anchor="p{fingerprint(">".join(path))}"' in pages["index.html"]


def test_path_without_outcome_is_not_run_with_its_reason(pages: dict[str, str]) -> None:
    for layer in ("softmax", "gelu"):
        assert "tvm: its environment is not built" in browsed.Page(pages[f"layers/{layer}.html"]).text
    assert "It did not run: its environment is not built." in browsed.Page(pages["components/tvm.html"]).text
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
        "torch: BSD-3-Clause",
    ],
)
def test_what_was_recorded_is_shown(pages: dict[str, str], shown: str) -> None:
    assert any(shown in browsed.Page(text).text for name, text in pages.items() if name.endswith(".html"))


def test_failures_come_before_stale_entries(pages: dict[str, str]) -> None:
    failures = pages["report.md"].partition("## Failures")[2].partition("\n## ")[0]
    assert [line.split()[1] for line in failures.splitlines() if line.startswith("### ")] == ["FAIL", "XPASS"]
    assert [failure["verdict"] for failure in json.loads(pages["summary.json"])["failures"]] == ["XPASS", "FAIL"]


def test_failure_with_many_cases_is_told_once_with_the_worst() -> None:
    same = [
        drawn.one(case=f"case{number}", verdict=Verdict.FAIL, error_over_budget=error, detail=f"detail {number}")
        for number, error in enumerate([2.0, math.nan, 9.0, math.inf, 3.0])
    ]
    pages = render(Results({}, tuple(same)))
    (failure,) = (name for name in pages if name.startswith("failures/"))
    text = browsed.Page(pages[failure]).text
    assert [number for number in range(5) if f"detail {number}" in text] == [3]
    assert "other cases: 4" in text
    assert all(f"case{number}" in text for number in range(5))


def test_failure_shows_the_numbers_that_were_recorded(pages: dict[str, str]) -> None:
    (failure,) = (text for name, text in pages.items() if name.startswith("failures/softmax"))
    text = " ".join(browsed.Page(failure).text.split())
    assert "The last two axes of y, of shape (2, 3), around [0, 1]" in text
    assert "expected 012 01.02.03.0 14.0nan6.0" in text
    assert "got 012 01.02.53.0 14.0naninf" in text
    assert '<b class="bad">2.5</b>' in failure
    assert failure.count('<b class="bad">') == 3
    assert "xfloat32 (2, 3)-1.0 to 2.51 NaN0.5" in text
    assert "not recorded" not in text
    assert "- input x: float32 (2, 3), -1.0 to 2.5, 1 NaN" in pages["report.md"].replace("\\", "")


def test_failure_without_numbers_says_so() -> None:
    pages = render(Results({}, (drawn.one(verdict=Verdict.FAIL, error_over_budget=2.0),)))
    (failure,) = (text for name, text in pages.items() if name.startswith("failures/"))
    assert browsed.Page(failure).text.count("not recorded") == 2


def test_one_row_of_numbers_is_in_markdown() -> None:
    window = {**drawn.EVIDENCE["window"], "index": [1], "expected": [[1, 2]], "got": [[1, 5]], "allowed": [[0, 0]]}
    page = render(Results({}, (drawn.one(verdict=Verdict.FAIL, evidence={"window": window}),)))["report.md"]
    assert "around the worst element, y [1]: expected 1, 2; got 1, 5; allowed 0, 0" in page.replace("\\", "")


def test_paths_that_fail_alike_are_told_together() -> None:
    paths = [("torch", "onnx_from_torch", f"runtime_{number}") for number in range(3)]
    same = [drawn.one(path=path, verdict=Verdict.FAIL, detail="y is wrong") for path in paths]
    other = drawn.one(path=("torch", "torch_eager"), verdict=Verdict.FAIL, detail="y is wrong in another way")
    pages = render(Results({}, (*same, other)), only("failures"))
    failures = [text for name, text in pages.items() if name.startswith("failures/")]
    assert sorted(text.count("nnparity reproduce") for text in failures) == [1, 3]
    assert all(text.count("<article") == 1 for text in failures)
    assert "4 of 4 checks failed" in pages["index.html"]


STEP = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
OPERATORS = re.compile(
    r'<tr data-total="(\d+)" data-parts="[^"]*"><th scope="row">(.*?)</th><td>(.*?)</td>.*?<td class="wide">(.*?)</td>'
)


def operator_rows(page: str) -> list[tuple[str, str, str, str]]:
    """Return total, step, representation and the families with their counts."""
    found = OPERATORS.findall(page)
    return [(total, step, title, re.sub("<br>.*|<.*?>", "", by_family)) for total, step, title, by_family in found]


@pytest.mark.parametrize(("command", "title"), [("reproduce", "as a script"), ("locate", "which operator")])
@pytest.mark.parametrize(
    ("repeat", "given"),
    [
        ("", "'77@torch&gt;onnx_from_torch&gt;onnxruntime_cpu'"),
        (
            "nnparity run --case 77 --path 'a>b' --converters 'c d' --out 'e;f'",
            "'77@torch&gt;onnx_from_torch&gt;onnxruntime_cpu' --converters 'c d' --results 'e;f'",
        ),
        (
            "nnparity check 'my model.onnx' --models m --trust --to 'a>b'",
            "'77@torch&gt;onnx_from_torch&gt;onnxruntime_cpu' --target 'my model.onnx' --models m --trust",
        ),
        ("nnparity check model.onnx model.tflite --to 'a>b'", ""),
        ("nnparity run --case 'unbalanced", ""),
    ],
)
def test_failure_has_the_commands_that_ask_further(repeat: str, given: str, command: str, title: str) -> None:
    path = ("torch", "onnx_from_torch", "onnxruntime_cpu")
    pages = render(Results({}, (drawn.one(case="77", path=path, verdict=Verdict.FAIL, reproduce=repeat),)))
    (failure,) = (text for name, text in pages.items() if name.startswith("failures/"))
    said = [line for line in failure.replace("&#39;", "'").splitlines() if f"<dt>{title}</dt>" in line]
    assert [f"nnparity {command} {given}" in line for line in said] == ([True] if given else [])


def test_operators_stand_beside_what_the_runtime_leaves(pages: dict[str, str]) -> None:
    rows = operator_rows(pages["layers/softmax.html"])
    assert rows[0][:3] == ("1", "torch", "PyTorch")
    assert rows[1][:3] == ("4", f"{STEP} onnx_from_torch", "ONNX")
    assert rows[2][:3] == ("1", f"{STEP} {STEP} onnxruntime_cpu, optimised", "ONNX")
    assert rows[2][3] == "activation 1: Softmax 1"
    assert "| softmax |" in pages["report.md"]


def test_operator_counts_that_differ_are_both_shown() -> None:
    twice = [drawn.one(case=str(n), op_counts={"torch": {"aten.mm": n}}) for n in (1, 2)]
    pages = render(Results({}, tuple(twice)))
    assert [row[0] for row in operator_rows(pages["layers/softmax.html"])] == ["1", "2"]
    assert "| 1 to 2 |" in pages["report.md"]


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


def test_first_page_stays_small_where_much_fails() -> None:
    paths = [("torch", f"onnx_from_torch_{number}", "relay_from_onnx", f"relay_llvm_{number}") for number in range(60)]
    failing = {"status": Status.MISMATCH, "verdict": Verdict.FAIL}
    outcomes = [
        drawn.one(layer=f"relative_position_attention_{number}", path=path) for number in range(60) for path in paths
    ]
    outcomes[:400] = [replace(one, detail=f"{one.layer} {one.path} " * 4, **failing) for one in outcomes[:400]]
    pages = render(Results({}, tuple(outcomes)), only("totals", "failures", "matrix", "components", "paths"))
    assert len(pages["index.html"]) < 2**20
    assert len([name for name in pages if name.startswith("failures/")]) == 400
    assert "100 more are on the pages of their layers and in report.md." in browsed.Page(pages["index.html"]).text
    assert pages["report.md"].count("\n### FAIL") == 400


def test_junit_counts_what_it_lists(pages: dict[str, str]) -> None:
    root = ET.fromstring(pages["junit.xml"])  # noqa: S314 we wrote it
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8", "failures": "2", "errors": "0", "skipped": "5",
    }  # fmt: skip
    failure = root.find(".//testcase[@name='[softmax-torch>onnx_from_torch>onnxruntime_cpu] 77']/failure")
    assert failure is not None
    assert failure.get("type") == "FAIL COMPARE MISMATCH"
    assert failure.text == "y: 2 of 6 elements are wrong\nnnparity run --case 77"


def test_junit_has_one_case_for_all_that_matched_and_one_for_each_cause_of_what_did_not() -> None:
    known = {"status": Status.MISMATCH, "verdict": Verdict.XFAIL}
    outcomes = [
        *(drawn.one(case=f"m{number}") for number in range(3)),
        *(drawn.one(case=f"k{number}", known="rounds off", **known) for number in range(2)),
        drawn.one(case="k2", known="overflows", **known),
    ]
    facts = {"known": {"rounds off": {"reason": "a sum in half precision"}}}
    cases = ET.fromstring(render(Results(facts, tuple(outcomes)))["junit.xml"]).findall(".//testcase")  # noqa: S314 we wrote it
    cell = f"[{outcomes[0].layer}-{outcomes[0].path_id}]"
    assert [case.get("name") for case in cases] == [cell, f"{cell} XFAIL overflows", f"{cell} XFAIL rounds off"]
    assert cases[0].findtext("system-out") == "3 of 6 checks matched"
    skipped = cases[2].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "2 of 6 checks known: rounds off"
    assert skipped.text == "a sum in half precision\nk0 k1"


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("", "RUN ERROR in tvm"),
        ("ValueError: first\nsecond", "RUN ERROR in tvm: ValueError: first"),
        ("TVMError: Traceback (most recent call last):\n  0: f\nTVMError: why", "RUN ERROR in tvm: TVMError: why"),
    ],
)
def test_headline_says_what_a_traceback_comes_to(detail: str, shown: str) -> None:
    outcome = drawn.one(stage=Stage.RUN, status=Status.ERROR, verdict=Verdict.FAIL, component="tvm", detail=detail)
    assert headline(outcome) == shown


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
    for name, text in pages.items():
        if name.endswith(".html"):
            browsed.assert_tame(text)
            browsed.assert_resolved(name, pages)
    ET.fromstring(pages["junit.xml"])  # noqa: S314 we wrote it
    assert json.loads(pages["summary.json"])["checks"]["total"] == len(settled(results.outcomes))


@pytest.mark.parametrize("key", sorted(drawn.small_run()[0]))
def test_each_fact_may_be_missing(key: str) -> None:
    facts, outcomes = drawn.small_run()
    del facts[key]
    assert "y: 2 of 6 elements are wrong" in render(Results(facts, tuple(outcomes)))["report.md"]


@pytest.mark.parametrize(
    "name", [section.name for section in PARTS.sections if section.html and section.name not in OVER_RUNS]
)
def test_a_section_at_a_time(name: str) -> None:
    pages = render(small(), only(name))
    for page in dict.fromkeys(file.partition("/")[0] for file in pages if file.endswith(".html")):
        on_it = [text for file, text in pages.items() if file.startswith(page)]
        assert any(f'<section id="{name}"' in text for text in on_it) or page == "index.html"
    assert any(f'<section id="{name}"' in text for text in pages.values())


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


# What is written where.


def test_report_without_sections_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no sections"):
        write_report(small(), tmp_path, Parts((), (), {}))


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UserError, match=r"writing the report into .*taken: File exists"):
        write_report(small(), tmp_path / "taken", PARTS)


def test_second_report_replaces_the_first_and_leaves_nothing_else(tmp_path: Path) -> None:
    old = drawn.one(layer="long gone", verdict=Verdict.FAIL)
    stale = {path for path in write_report(Results({}, (old,)), tmp_path, PARTS) if "long-gone" in path.name}
    assert len(stale) == 2
    others = [tmp_path / "mine.html", tmp_path / "layers" / "mine.html", tmp_path / "cases" / "0a1b.npz"]
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.write_text("mine")
    written = write_report(small(), tmp_path, PARTS)
    assert written[0] == tmp_path / CONTRACTS[0]
    assert {tmp_path / name for name in CONTRACTS} < set(written)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {*written, *others}
    assert "y: 2 of 6 elements are wrong" in (tmp_path / "index.html").read_text(encoding="utf-8")
