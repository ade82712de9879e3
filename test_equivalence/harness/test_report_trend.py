"""The trend over several runs says what became of each question, and is absent where there is one run."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnparity.loading import load_file
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.store import Results

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
rendered = load_file(Path(__file__).with_name("rendered.py"))
trend = load_file(rendered.REPORTS / "trend.py")
render, small = rendered.render, rendered.small

KINDS: dict[str, dict[str, Any]] = {
    "p": {},
    "f": {"status": Status.MISMATCH, "verdict": Verdict.FAIL},
    "k": {"status": Status.MISMATCH, "verdict": Verdict.XFAIL},
    "n": {"status": Status.NOT_RUN, "verdict": Verdict.NOT_RUN},
}


def runs(*histories: str) -> list[Results]:
    """Return a run for each letter of the histories, which are as long as each other; " " is not asked."""
    return [
        Results({}, tuple(drawn.one(case=f"c{row}", **KINDS[kind]) for row, kind in enumerate(column) if kind != " "))
        for column in zip(*histories, strict=True)
    ]


def rows(*histories: str) -> dict[str, str]:
    """Return what each kind of change says of how many questions."""
    *before, now = runs(*histories)
    text = browsed.Page(render(now, earlier=before)["trend.html"]).text
    found = re.search(r"Questions by kind: (.*?)\.", text)
    assert found is not None
    return {word: count for word, _, count in (part.rpartition(" ") for part in found.group(1).split(", "))}


@pytest.mark.parametrize(
    ("history", "kind", "number"),
    [
        ("ppp", "", 0),
        ("fff", "", 0),
        ("ppf", "new failure", 3),
        ("pff", "new failure", 2),
        (" ff", "new failure", 2),
        (" pp", "", 0),
        ("p f", "new failure", 3),
        ("pnf", "new failure", 3),
        ("pfp", "flaky", 3),
        ("fpf", "flaky", 3),
        ("kpk", "flaky", 3),
        ("ffp", "fixed", 3),
        ("fpp", "fixed", 2),
        ("ffk", "fixed", 3),
        ("ppk", "changed", 3),
        ("kkp", "changed", 3),
        ("nnn", "", 0),
    ],
)
def test_history_of_a_question_has_a_kind_and_a_run(history: str, kind: str, number: int) -> None:
    every_kind = dict.fromkeys(("new failure", "flaky", "fixed", "changed"), "0")
    assert rows(history) == every_kind | ({kind: "1"} if kind else {})
    *before, now = runs(history)
    page = render(now, earlier=before)["trend.html"]
    assert f">{kind}</b></td><td>run {number}</td>" in page if kind else "</b></td><td>run" not in page


def test_both_answers_in_one_run_are_flaky() -> None:
    before, now = runs("pp")
    both = Results({}, (*now.outcomes, *runs("ff")[0].outcomes))
    assert ">flaky</b></td><td>run 2</td>" in render(both, earlier=[before])["trend.html"]


@given(st.lists(st.sets(st.sampled_from([("PASS", "COMPARE", "MATCH"), ("FAIL", "COMPARE", "MISMATCH")])), min_size=1))
def test_a_history_without_a_change_has_no_kind(history: list[set[tuple[str, str, str]]]) -> None:
    answers = tuple(frozenset(answer) for answer in history)
    kind, number = trend.became(answers)
    assert 0 <= number <= len(answers)
    assert bool(kind) == bool(number)
    one_answer = len({answer for answer in answers if answer}) == 1 and all(len(answer) == 1 for answer in answers)
    assert not (one_answer and kind)


def test_each_run_says_what_changed_in_it() -> None:
    *before, now = runs("pff", "fpp", "pfp", "ppk")
    page = render(now, earlier=before)["trend.html"]
    table = page[page.index('id="table-runs"') : page.index("</table>")]
    cells = [re.findall(r">(\d+)<", row)[-3:] for row in table.split("<tr")[2:]]
    assert cells == [["0", "0", "0"], ["2", "1", "0"], ["0", "1", "1"]]


def test_operators_and_times_are_of_the_checks_that_the_runs_share() -> None:
    def run(counts: dict[str, int], microseconds: float) -> Results:
        totals = {case: {"torch": 1, "onnx_from_torch": count} for case, count in counts.items()}
        return Results(
            {}, tuple(drawn.one(case=case, op_total=totals[case], run_microseconds=microseconds) for case in counts)
        )

    pages = render(run({"a": 4, "b": 6, "c": 900}, math.nan), earlier=[run({"a": 2, "b": 6, "d": 700}, 40.0)])
    expected = ["4", "5", "40", "\N{EN DASH}", "2"]
    for name in ("trend.html", "layers/softmax.html"):
        table = pages[name][pages[name].index('id="table-over-runs"') :]
        assert re.findall(r'<td class="n">([^<]*)</td>', table.partition("</table>")[0]) == expected


def test_one_run_has_no_trend() -> None:
    pages = render(small())
    assert "trend.html" not in pages
    assert not any("trend.html" in text or "over the runs" in text for text in pages.values())


def test_trend_is_removed_with_its_baseline(tmp_path: Path) -> None:
    rendered.write_report(small(), tmp_path, rendered.PARTS, [small()])
    assert (tmp_path / "trend.html").exists()
    rendered.write_report(small(), tmp_path, rendered.PARTS)
    assert not (tmp_path / "trend.html").exists()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.lists(drawn.outcomes(), max_size=3), min_size=2, max_size=3), st.lists(drawn.facts(), min_size=3))
def test_any_runs_have_a_tame_trend(outcomes: list[list[Outcome]], facts: list[dict[str, Any]]) -> None:
    *before, now = (Results(said, tuple(one)) for one, said in zip(outcomes, facts, strict=False))
    pages = render(now, earlier=before)
    for name, text in pages.items():
        if name.endswith(".html"):
            browsed.assert_tame(text)
            browsed.assert_resolved(name, pages)
    assert "trend.html" in pages


def test_markdown_tells_the_trend_in_short_and_is_silent_about_one_run() -> None:
    *before, now = runs(*["pf"] * 2, *["kk"] * 3)
    text = render(now, earlier=before)["report.md"]
    assert "| 2, this one | 0 | 5 | 3 | 0 | 0 | 2 | 0 | 2 | 0 | 0 |" in text
    assert (
        "| softmax | new failure | run 2 | 2 | FAIL COMPARE MISMATCH | torch>onnx_from_torch>onnxruntime_cpu |" in text
    )
    assert "Over the runs" not in render(now)["report.md"]


def test_markdown_tells_of_operators_that_became_other_ones() -> None:
    def measured(layer: str, count: int) -> Outcome:
        made: Outcome = drawn.one(layer=layer, op_total={"onnx_from_torch": count}, run_microseconds=5.0)
        return made

    before = Results({}, (measured("gelu", 8), measured("softmax", 1)))
    text = render(Results({}, (measured("gelu", 1), measured("softmax", 1))), earlier=[before])["report.md"]
    assert "differ for 1 of 2 layers" in text
    assert "| gelu | 8 | 1 | 5 | 5 | 1 |" in text
