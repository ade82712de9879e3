"""What the user can put right: said in one message, without a traceback, with exit code 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

NEW_FAILURE, MISTAKE, INTERRUPTED = 1, 2, 3  # exit codes; 0 is: nothing new failed


class UserError(Exception):
    """Says what was being done, the wrong value, what was expected, and what to do next."""


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Return a sentence with the known names nearest to `wrong`, or with all of them if none is near."""
    names = sorted(known)
    meant = _meant(wrong, names)
    return meant or (f"there are: {', '.join(names)}" if names else "there are none")


def if_near(wrong: str, known: Iterable[str]) -> str:
    """Return a question with the nearest, after a semicolon; "" if none is near: for names of which there are many."""
    meant = _meant(wrong, sorted(known))
    return f"; {meant}" if meant else ""


def _meant(wrong: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(wrong, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else ""
