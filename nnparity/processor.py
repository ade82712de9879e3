"""What this machine computes with: the processor's name, and the instructions that it has."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

TOLD = Path("/proc/cpuinfo")


def name() -> str:
    """Return the processor's model name, or the machine type where the system does not tell."""
    return _said("model name") or platform.machine()


@cache
def features() -> frozenset[str]:
    """Return the sets of instructions that it has, as Linux names them ("avx2"); none where that does not tell."""
    return frozenset(_said("flags").split())


def wrong_words(text: str) -> list[str]:
    """Return what of a text is not names of sets of instructions, parted by |, with or without ! before them."""
    return [word for word in text.split() if not re.fullmatch(r"!?\w+(\|\w+)*", word)]


def fits(wanted: str, has: Iterable[str]) -> bool:
    """Return whether a processor that has these has what is wanted.

    Of each word it must have one of the names between |, or none of them if there is a ! before the word.
    """
    there = frozenset(has)
    return all(there.isdisjoint(word.removeprefix("!").split("|")) is word.startswith("!") for word in wanted.split())


def _said(key: str) -> str:
    try:
        lines = TOLD.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), "")
