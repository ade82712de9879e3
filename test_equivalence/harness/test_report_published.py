"""The committed report is what its record says, speaks of what there is, and tells nothing of when and where."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnparity.cli import main
from nnparity.discovery import discover
from nnparity.errors import UserError
from nnparity.loading import load_file
from nnparity.published import (
    END_MARK,
    FIRST,
    MARK,
    RECORD,
    excerpt_of,
    pages_of,
    publish,
    put_excerpt,
    read_record,
    record_text,
)
from nnparity.store import Results

HERE = Path(__file__).parent
drawn = load_file(HERE / "drawn_results.py")
rendered = load_file(HERE / "rendered.py")
PARTS = rendered.PARTS
PUBLISHED = rendered.REPORTS / "published"
AGAIN = (
    "write it anew from the results of a reference run: "
    "nnparity publish RESULTS --out reports/published --into README.md"
)


def test_committed_pages_are_made_from_the_committed_record() -> None:
    made = pages_of(read_record(PUBLISHED / RECORD), PARTS)
    assert {file.name for file in PUBLISHED.glob("*.md")} == set(made), AGAIN
    for name, data in made.items():
        assert (PUBLISHED / name).read_bytes() == data, f"{name}: {AGAIN}"


def test_readme_shows_what_the_committed_record_says() -> None:
    text = (rendered.REPORTS.parent / "README.md").read_text(encoding="utf-8")
    shown = text.partition(MARK)[2].partition(END_MARK)[0]
    assert shown == f"\n{excerpt_of(read_record(PUBLISHED / RECORD), PARTS)}\n\n", AGAIN
    assert "| onnxruntime_cpu |" in shown


def test_excerpt_takes_the_place_of_the_one_before_and_of_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"# ours\n\n{MARK}\nold\n\n{END_MARK}\nmore of ours\n")
    put_excerpt(file, "| new |")
    assert file.read_text() == f"# ours\n\n{MARK}\n| new |\n\n{END_MARK}\nmore of ours\n"


@pytest.mark.parametrize("text", ["", f"{MARK}\nwithout an end\n", f"{END_MARK}\n{MARK}"])
def test_file_without_marks_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "README.md"
    file.write_text(text)
    with pytest.raises(UserError, match="until here"):
        put_excerpt(file, "| new |")
    assert file.read_text() == text


def test_committed_record_speaks_of_layers_and_components_that_are_there() -> None:
    record, content = read_record(PUBLISHED / RECORD), discover()
    gone = set(record["layers"]) - set(content.layers)
    gone |= set(record["components"]) - {*content.components, *content.roots}
    assert not gone, f"the committed report tells of {sorted(gone)}, which are not there; {AGAIN}"


def test_committed_report_is_small() -> None:
    assert (PUBLISHED / RECORD).stat().st_size < 500_000
    assert sum(file.stat().st_size for file in PUBLISHED.iterdir()) < 2_000_000


def test_record_tells_neither_machine_nor_time() -> None:
    facts, outcomes = drawn.small_run()
    timed = [dataclasses.replace(one, run_microseconds=123456.0, seconds={"torch": 98765.0}) for one in outcomes]
    text = record_text(Results({**facts, "cpu": "Fabled 9000"}, tuple(timed)), PARTS)
    assert "softmax" in text
    assert not [word for word in ("Fabled", "123", "98765", "9.88e") if word in text]


def test_same_outcomes_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    facts, outcomes = drawn.small_run()
    for name, order in (("one", outcomes), ("other", outcomes[::-1])):
        publish(Results(facts, tuple(order)), tmp_path / name, PARTS)
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert {FIRST, RECORD, "advice.md", "coverage.md", "divergences.md"} <= set(names)
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_page_that_is_no_longer_made_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "older.md").write_text(f"{MARK}\n# an earlier page\n")
    (tmp_path / "notes.md").write_text("# somebody's own\n")
    publish(rendered.small(), tmp_path, PARTS)
    assert not (tmp_path / "older.md").exists()
    assert (tmp_path / "notes.md").exists()


@pytest.mark.parametrize("name", drawn.HOSTILE)
def test_names_are_shown_and_not_obeyed(name: str) -> None:
    outcome = drawn.one(layer=name, path=("torch", name, "onnxruntime_cpu"), known=name, detail=name)
    facts = {"known": {name: {"reason": name, "link": name}}, "steps": {name: {"title": name}}}
    text = record_text(Results(facts, (outcome,)), PARTS)
    pages = b"".join(pages_of(json.loads(text), PARTS).values()).decode()
    for sign in ("<script", "<img", "<textarea", "\x1b", "\x00", "\u202e"):
        assert sign not in pages
    assert not re.search(r"(?<!\\)\]\((javascript|http://x)", pages)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "nnparity-published/9"}'])
def test_what_is_no_record_is_refused_in_plain_words(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(UserError, match="write it anew with: nnparity publish"):
        read_record(tmp_path / RECORD)


def test_command_writes_record_and_pages_and_refuses_what_is_no_results(tmp_path: Path) -> None:
    bad = CliRunner().invoke(main, ["publish", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "out")])
    assert (bad.exit_code, "Traceback" in bad.output) == (2, False)
    lines = ['{"schema": "nnparity-results/1"}', json.dumps(drawn.one().to_json())]
    (tmp_path / "results.jsonl").write_text("\n".join(lines) + "\n")
    done = CliRunner().invoke(main, ["publish", str(tmp_path / "results.jsonl"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / FIRST).read_text(encoding="utf-8").startswith(MARK)
