"""Pages, sections and assets of the report are found by looking, and each is one file."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnparity.errors import UserError
from nnparity.facts import Facts
from nnparity.loading import load_file
from nnparity.pages import Recorded, discover_parts, file_name
from nnparity.report import write_report

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
rendered = load_file(Path(__file__).with_name("rendered.py"))
render, small = rendered.render, rendered.small
REPORTS, PARTS = rendered.REPORTS, rendered.PARTS


def section_file(folder: Path, name: str, order: int, template: str, *, pages: tuple[str, ...] = ("overview",)) -> None:
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    markdown = "totals.md.jinja" if "overview" in pages else ""
    (folder / "extra.py").write_text(
        "from nnparity.pages import Section\n"
        "def context(recorded):\n"
        "    return {'n': len(recorded.outcomes)}\n"
        f"SECTION = Section({name!r}, {order}, 'Extra', context, 'totals.html.jinja', {markdown!r}, {pages})\n"
    )
    (folder / "templates" / "totals.html.jinja").write_text(template)
    (folder / "templates" / "totals.md.jinja").write_text(template)


def test_sections_come_in_the_order_they_ask_for() -> None:
    on_overview = [section for section in PARTS.sections if "overview" in section.pages]
    assert [section.name for section in on_overview][:4] == ["totals", "runtimes", "since", "failures"]
    assert [section.order for section in PARTS.sections] == sorted(section.order for section in PARTS.sections)
    assert [page.order for page in PARTS.pages] == sorted(page.order for page in PARTS.pages)


def test_without_folders_our_own_are_found() -> None:
    found = discover_parts()
    assert {section.name for section in PARTS.sections} <= {section.name for section in found.sections}
    assert {page.name for page in PARTS.pages} <= {page.name for page in found.pages}
    assert set(PARTS.assets) <= set(found.assets)


def test_a_third_party_adds_a_section_with_templates_of_its_own(tmp_path: Path) -> None:
    section_file(tmp_path, "extra", 12, "There are {{ n }} here.")
    page = render(small(), discover_parts(REPORTS, tmp_path))["index.html"]
    assert "There are 6 here." in page
    assert "A check is one case on one path." in page
    assert page.index('id="totals"') < page.index('id="extra"') < page.index('id="matrix"')


def test_a_third_party_adds_a_page_in_one_file(tmp_path: Path) -> None:
    section_file(tmp_path, "extra", 15, "{{ n }} of {{ about }}: {{ link('overview') }}", pages=("profiles",))
    with (tmp_path / "extra.py").open("a") as file:
        file.write(
            "from nnparity.pages import Page\n"
            "def subjects(outcomes, facts):\n"
            "    return {one.case: [one] for one in outcomes}\n"
            "PAGE = Page('profiles', 99, 'Profiles', 'profiles/{}.html', subjects)\n"
        )
    pages = render(small(), discover_parts(REPORTS, tmp_path))
    assert "1 of 77: ../index.html" in pages["profiles/77.html"]
    assert "Profiles" in browsed.Page(pages["profiles/77.html"]).text


def test_of_two_assets_of_one_name_the_first_is_taken(tmp_path: Path) -> None:
    section_file(tmp_path, "extra", 15, "")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page.css").write_text("ours stays")
    (tmp_path / "assets" / "more.css").write_text("theirs comes along")
    parts = discover_parts(REPORTS, tmp_path)
    written = write_report(small(), tmp_path / "out", parts)
    assert {path.name for path in written} >= {"page.css", "more.css"}
    assert (tmp_path / "out/assets/page.css").read_bytes() == (REPORTS / "assets/page.css").read_bytes()


@given(st.lists(drawn.texts(), min_size=2, max_size=2, unique=True))
@example(["Softmax", "softmax"])
@example(["a/b", "a-b"])
@example(["../up", ".."])
@example(["", "of"])
def test_subjects_have_file_names_of_their_own(subjects: list[str]) -> None:
    first, second = map(file_name, subjects)
    assert first.lower() != second.lower()
    assert re.fullmatch(r"[a-z0-9_-]+(\.[0-9a-f]{8})?", first)


def test_file_without_section_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(UserError, match=r"empty\.py does not end in SECTION = Section\(...\) or PAGE"):
        discover_parts(tmp_path)


def test_name_given_twice_is_refused(tmp_path: Path) -> None:
    section_file(tmp_path, "totals", 15, "")
    with pytest.raises(UserError, match="gives the name totals again"):
        discover_parts(REPORTS, tmp_path)


def test_template_that_asks_for_what_is_not_there_fails(tmp_path: Path) -> None:
    section_file(tmp_path, "extra", 15, "{{ no_such_thing }}")
    with pytest.raises(jinja2.UndefinedError, match="no_such_thing"):
        render(small(), discover_parts(REPORTS, tmp_path))


def test_runtimes_are_told_by_their_best_route_and_those_that_are_not_there_are_left_out() -> None:
    runtimes = load_file(REPORTS / "runtimes.py")
    declined = {"stage": drawn.Stage.CONVERT, "status": drawn.Status.UNSUPPORTED, "verdict": drawn.Verdict.UNSUPPORTED}
    missing = {"stage": drawn.Stage.BUILD, "status": drawn.Status.NOT_RUN, "verdict": drawn.Verdict.NOT_RUN}
    titles = {"to_onnx": "ONNX", "also_to_onnx": "ONNX", "quantise": "ONNX in 8 bits"}
    outcomes = [
        drawn.one(layer="gelu", path=("torch", "to_onnx", "fast"), **declined),
        drawn.one(layer="gelu", path=("torch", "also_to_onnx", "fast")),
        drawn.one(layer="silu", path=("torch", "to_onnx", "fast"), verdict=drawn.Verdict.FAIL),
        drawn.one(layer="silu", path=("torch", "also_to_onnx", "fast")),
        drawn.one(layer="gelu", path=("torch", "to_onnx", "absent"), **declined),
        drawn.one(layer="silu", path=("torch", "to_onnx", "absent"), **missing),
        *(drawn.one(layer=name, path=("torch", "quantise", "fast"), accuracy_loss=0.1) for name in ("gelu", "silu")),
    ]
    facts = Facts.of({"steps": {name: {"title": title} for name, title in titles.items()}})
    (root,) = runtimes.context(Recorded(outcomes, facts))["roots"]
    plain, quantised = root["rows"]
    assert (plain["given"], plain["routes"], plain["counts"][:5]) == ("ONNX", 2, [1, 0, 0, 0, 1])
    assert plain["route"].startswith("also_to_onnx")
    assert (quantised["quantised"], plain["quantised"]) == (True, False)
    assert [one["given"] for one in root["top"]] == ["ONNX"]
