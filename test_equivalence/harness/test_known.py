"""What holds for the known divergences together, whatever has been built here."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from nnparity.discovery import Content


def shown_nowhere(content: Content) -> list[str]:
    """Return the entries whose witness must show on no path that there is."""
    return [
        f"{entry.id} ({entry.paths})"
        for entry in content.known
        if not any(entry.on_path(route.steps) and content.binds(entry, route) for route in content.routes)
    ]


def named_alike(content: Content) -> list[str]:
    """Return the ids that more than one entry has, which a verdict could not tell apart."""
    return [one for one, count in Counter(entry.id for entry in content.known).items() if count > 1]


def test_every_known_divergence_has_a_path_on_which_its_witness_must_show(content: Content) -> None:
    assert shown_nowhere(content) == []


def test_every_known_divergence_has_an_id_of_its_own(content: Content) -> None:
    assert named_alike(content) == []


def test_entry_for_paths_that_do_not_exist_and_entry_of_an_id_that_is_taken_are_found(content: Content) -> None:
    first, *others = content.known
    astray, another = replace(first, paths="*>no_such_step>*"), replace(first, reason="something else")
    assert shown_nowhere(replace(content, known=(astray, *others))) == [f"{astray.id} ({astray.paths})"]
    assert named_alike(replace(content, known=(first, another, *others))) == [first.id]
