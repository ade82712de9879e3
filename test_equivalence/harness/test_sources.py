"""An artifact's key holds every content file that was loaded to make it: each names what it loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nnparity.discovery import discover
from nnparity.sources import LOOKED_INTO, Sources

ROOT = Path(__file__).parents[2]
CONTENT = discover()
LOADED = sorted([*CONTENT.shared, *CONTENT.layer_files.values()])
# What a file is given: the layer's own file, which is in the root's key, and the user's own.
GIVEN = {
    ROOT / "converters" / "representations" / "torch.py": {"layer_file"},
    ROOT / "converters" / "support" / "own_python.py": {"file"},
}


def loaded_by(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the argument of every call of `load_file`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "load_file":
            yield node.args[0]


def written_out(argument: ast.AST, assigned: dict[str, ast.expr]) -> bool:
    """Return whether the argument ends in a file's name, here or where the name that stands for it is assigned."""
    if isinstance(argument, ast.Name) and argument.id in assigned:
        argument = assigned[argument.id]
    return any(isinstance(one, ast.Constant) and str(one.value).endswith(".py") for one in ast.walk(argument))


@pytest.mark.parametrize("file", LOADED, ids=[str(file.relative_to(ROOT)) for file in LOADED])
def test_whatever_a_content_file_loads_is_named_in_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assigned = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for argument in loaded_by(tree):
        given = isinstance(argument, ast.Name) and argument.id in GIVEN.get(file, set())
        in_the_folder = LOOKED_INTO in {one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)}
        assert given or in_the_folder or written_out(argument, assigned), ast.unparse(argument)


def test_layer_with_a_custom_operator_depends_on_the_operators_and_another_does_not() -> None:
    sources = Sources(CONTENT.shared)
    found = {file.name for file in sources.of(CONTENT.layer_files["custom_operator"])}
    assert found >= {"custom_operator.py", "firm_shrink.py"}
    assert sources.of(CONTENT.layer_files["softmax"]) == (CONTENT.layer_files["softmax"],)


def test_what_is_loaded_through_another_file_counts() -> None:
    found = {file.name for file in Sources(CONTENT.shared).of(CONTENT.components["relay_from_onnx"].file)}
    assert found >= {"relay_from_onnx.py", "relay_numpy_folding.py", "relay_numpy_operators.py", "firm_shrink.py"}


def test_digest_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "support").mkdir(parents=True)
        (tmp_path / folder / "support" / "b.py").write_text("B = 1\n", encoding="utf-8")
        (tmp_path / folder / "a.py").write_text('load_file("b.py")\n', encoding="utf-8")
    digests = {Sources([tmp_path / one / "support" / "b.py"]).digest(tmp_path / one / "a.py") for one in ("one", "two")}
    assert len(digests) == 1
    (tmp_path / "two" / "support" / "b.py").write_text("B = 2\n", encoding="utf-8")
    assert Sources([tmp_path / "two" / "support" / "b.py"]).digest(tmp_path / "two" / "a.py") not in digests


def test_files_are_looked_at_for_changes_while_others_are_first_read(tmp_path: Path) -> None:
    files = [tmp_path / f"{at}.py" for at in range(300)]
    for file in files:
        file.touch()
    sources = Sources(())
    with ThreadPoolExecutor(1) as other:
        reading = other.submit(lambda: [sources.digest(file) for file in files])
        while not reading.done():
            sources.require_unchanged()
        assert len(reading.result()) == len(files)
