"""The cached translation table of PyTorch's ONNX exporter changes no byte of any model."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("children") / "onnx_export_digests.py"
CACHE = Path(__file__).parents[2] / "converters" / "support" / "onnx_registry_cache.py"

Digests = Mapping[str, Mapping[str, object]]


@pytest.fixture(scope="module")
def digests(interpreter: Callable[[str], Path]) -> Digests:
    """Return SHA-256 of every exported model, by how it was exported and by name."""
    command = [interpreter("torch"), CHILD, CACHE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    answer: Digests = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("how", ["cached", "cached after a custom translation"])
def test_cached_export_is_byte_identical(digests: Digests, how: str) -> None:
    assert digests[how] == digests["stock"]


def test_models_differ_from_each_other(digests: Digests) -> None:
    assert len(set(digests["stock"].values())) == len(digests["stock"])


def test_changed_translation_changes_the_model(digests: Digests) -> None:
    name, digest = next(iter(digests["custom"].items()))
    assert digest != digests["stock"][name]


def test_table_is_shared_only_after_install(digests: Digests) -> None:
    assert digests["shared"] == {"before": False, "after": True}
