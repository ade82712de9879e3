"""A badge says that something failed whenever something did."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from nnparity.badge import BAD, GOOD, NOTHING, badge
from nnparity.loading import load_file
from nnparity.matrix import Tally
from nnparity.outcome import Outcome, Verdict

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
PASSED, KNOWN = drawn.one(), drawn.one(verdict=Verdict.XFAIL)


@pytest.mark.parametrize(
    ("outcomes", "said", "colour"),
    [
        ([], "no checks", NOTHING),
        ([PASSED] * 1200 + [KNOWN], "0 failed, 1,200 of 1,201 matched", GOOD),
        ([PASSED, drawn.one(verdict=Verdict.FAIL)], "1 of 2 failed", BAD),
        ([PASSED, drawn.one(verdict=Verdict.XPASS)], "1 of 2 failed", BAD),
        ([drawn.one(verdict=Verdict.NOT_RUN)], "0 failed, 0 of 1 matched", NOTHING),
    ],
)
def test_badge_says_what_failed(outcomes: list[Outcome], said: str, colour: str) -> None:
    root = ET.fromstring(badge(Tally.of(outcomes)))  # noqa: S314 we wrote it
    assert root.get("aria-label") == f"nnparity: {said}"
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["nnparity", said]
    assert [one.get("fill") for one in root.iter("{http://www.w3.org/2000/svg}rect")][1] == colour
