"""docs/summary.schema.json describes summary.json: all that is written, and nothing that is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity.facts import Facts
from nnparity.loading import load_file
from nnparity.outcome import Outcome, Stage, Status
from nnparity.summary import SCHEMA, summary

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
DESCRIBED = json.loads((Path(__file__).parents[2] / "docs" / "summary.schema.json").read_text(encoding="utf-8"))
KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
USED = {
    "$defs", "$ref", "$schema", "additionalProperties", "const", "description", "enum", "items", "properties",
    "required", "title", "type",
}  # fmt: skip


def problems(value: Any, schema: Mapping[str, Any], at: str = "") -> list[str]:
    """Return where a value is not as its schema says, by the words of JSON Schema that ours uses."""
    assert set(schema) <= USED
    if "$ref" in schema:
        return problems(value, DESCRIBED["$defs"][schema["$ref"].removeprefix("#/$defs/")], at)
    if value not in schema.get("enum", [schema.get("const", value)]):
        return [f"{at}: {value!r}"]
    kinds = schema.get("type", [])
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{at}: {value!r} is no {kinds}"]
    found = [f"{at}: no {name}" for name in schema.get("required", ()) if name not in value]
    if isinstance(value, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        for name, one in value.items():
            if name not in named and others is False:
                found.append(f"{at}: {name} is not described")
            else:
                found += problems(one, named.get(name, others or {}), f"{at}/{name}")
    if isinstance(value, list):
        found += [problem for one in value for problem in problems(one, schema.get("items", {}), f"{at}/*")]
    return found


@settings(deadline=None)
@given(drawn.facts(), st.lists(drawn.outcomes(), max_size=6))
def test_summary_is_as_described(facts: dict[str, Any], outcomes: list[Outcome]) -> None:
    assert problems(json.loads(summary(outcomes, Facts.of(facts))), DESCRIBED) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [("checks", {}), ("layers", {"softmax": {"total": 1}}), ("seed", 1), ("more", 1), ("schema", "nnparity-summary/2")],
)
def test_another_summary_would_be_seen(place: str, value: object) -> None:
    facts, outcomes = drawn.small_run()
    written = {**json.loads(summary(outcomes, Facts.of(facts))), place: value}
    assert problems(written, DESCRIBED)


def test_described_words_are_those_of_outcomes() -> None:
    failure = DESCRIBED["$defs"]["failure"]["properties"]
    assert failure["stage"]["enum"] == [stage.value for stage in Stage]
    assert failure["status"]["enum"] == [status.value for status in Status]
    assert DESCRIBED["properties"]["schema"]["const"] == SCHEMA
