"""Draws what a run came to as a badge, a picture of one line for a README."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from nnparity.matrix import Tally

LABEL = "nnparity"
HEIGHT = 20
# As wide as DejaVu Sans and Verdana draw a character at 11 pixels, with room for the widest digits.
CHARACTER, MARGIN = 6.8, 10
GOOD, BAD, NOTHING = "#2d7a46", "#b3261e", "#59616d"


def badge(tally: Tally) -> str:
    """Return an SVG picture: how many checks failed, or that none did and how many matched, of how many."""
    if not tally.total:
        said, colour = "no checks", NOTHING
    elif tally.failed:
        said, colour = f"{tally.failed:,} of {tally.total:,} failed", BAD
    else:
        # Green is for what ran: a job that checked nothing must not look like one that passed.
        said, colour = f"0 failed, {tally.matched:,} of {tally.total:,} matched", GOOD if tally.matched else NOTHING
    left, right = _width(LABEL), _width(said)
    root = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", width=str(left + right), height=str(HEIGHT), role="img"
    )
    root.set("aria-label", f"{LABEL}: {said}")
    ET.SubElement(root, "title").text = f"{LABEL}: {said}"
    texts = ET.Element("g", {"fill": "#fff", "text-anchor": "middle", "font-family": "Verdana,DejaVu Sans,sans-serif"})
    for text, start, width, fill in ((LABEL, 0, left, "#343a43"), (said, left, right, colour)):
        ET.SubElement(root, "rect", x=str(start), width=str(width), height=str(HEIGHT), fill=fill)
        ET.SubElement(texts, "text", {"x": str(start + width // 2), "y": "14", "font-size": "11"}).text = text
    root.append(texts)
    return ET.tostring(root, encoding="unicode") + "\n"


def _width(text: str) -> int:
    return round(len(text) * CHARACTER) + MARGIN
