"""The engine knows no layer, framework or runtime by name; imports point one way; content imports nothing heavy."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nnparity.contracts import Artifact, Environment, TensorSpec
from nnparity.environments import PROBE, BuildFailed, Environments, find_interpreter
from nnparity.loading import load_file
from nnparity.remote import ProcessWorker
from nnparity.worker import ARTIFACT, describe_artifact

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "nnparity"

# A module imports only from rows above its own. A new module goes into the highest row that this allows.
ROWS = (
    ("dtypes",),
    (
        "contracts",
        "errors",
        "outcome",
        "frames",
        "escape",
        "facts",
        "completeness",
        "scratch",
        "memory",
        "code",
        "evidence",
        "processor",
    ),
    ("paste",),
    (
        "relations",
        "loading",
        "strategies",
        "budget",
        "perturbation",
        "op_counts",
        "merging",
        "sharing",
        "matrix",
        "progress",
        "kept_runs",
        "script",
    ),
    ("layers", "figures", "alike"),
    ("worker", "conditions", "divergence", "compare", "cases", "store", "junit", "summary", "badge", "matching"),
    ("given",),
    ("remote", "cache", "discovery", "roots", "related"),
    ("environments", "pool", "plan", "options", "pages", "sources", "case_at", "by_hand"),
    ("rendering",),
    ("bench", "describe", "report", "own_inputs"),
    ("listing", "measure", "published", "locate"),
    ("oracle",),
    ("judging", "drawn", "own_target", "own_said"),
    ("check", "locating", "making"),
    ("lanes", "doctor"),
    ("run", "plugin", "own_models"),
    ("asked", "own_case", "own_several"),
    ("located", "reproduce"),
    ("explaining", "reproduced"),
    ("whole_run",),
    ("own",),
    ("cli",),
    ("__main__",),
)
RANK = {module: rank for rank, row in enumerate(ROWS) for module in row}
IF_IT_IS_THERE = ("ml_dtypes",)
IN_EVERY_ENVIRONMENT = ("contracts", "dtypes", "frames", "loading", "worker")
FRAMEWORKS = (
    "torch", "tensorflow", "tf", "keras", "jax", "onnx", "onnxruntime", "tflite", "litert", "tvm", "relay", "relax",
    "torchscript", "openvino", "ncnn", "mnn", "paddle", "coreml", "coremltools", "tensorrt", "xla", "iree",
    "executorch", "ggml", "tinygrad",
)  # fmt: skip
CONTENT = sorted([*(ROOT / "models").glob("*.py"), *(ROOT / "converters").rglob("*.py")])
SOURCES = sorted(ENGINE.glob("*.py"))
# A layer of one operator may have the name of a NumPy function or of a family, which the engine does use.
OPERATIONS = {file.stem for file in (ROOT / "models").glob("*.py") if hasattr(np, file.stem)} | {
    "cast",
    "gather",
    "scatter",
}


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of every module that is imported anywhere in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point"
            if node.module == "nnparity":
                yield from (f"nnparity.{alias.name}" for alias in node.names if (ENGINE / f"{alias.name}.py").exists())
            yield str(node.module)


def ours(tree: ast.AST) -> set[str]:
    return {name.split(".")[1] for name in imported(tree) if name.startswith("nnparity.")}


def outside(tree: ast.AST) -> set[str]:
    tops = {name.split(".")[0] for name in imported(tree)}
    return tops - set(sys.stdlib_module_names) - {"nnparity"}


def at_top(tree: ast.Module) -> ast.Module:
    """Return the module without what stands inside functions."""

    class Outer(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            return ast.Pass()

    return Outer().visit(ast.parse(ast.unparse(tree)))  # type: ignore[no-any-return]


def words(tree: ast.Module) -> Iterator[str]:
    """Yield every name and text in the code; docstrings and comments may give examples."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, (ast.alias, ast.FunctionDef, ast.ClassDef)):
            yield node.name


def named(tree: ast.Module, names: set[str]) -> set[str]:
    pattern = re.compile(rf"(?<![a-z0-9])({'|'.join(map(re.escape, sorted(names)))})(?![a-z0-9])", re.IGNORECASE)
    return {found for word in words(tree) for found in pattern.findall(word)}


@pytest.mark.parametrize("module", sorted(file.stem for file in SOURCES if file.stem != "__init__"))
def test_imports_point_one_way(module: str) -> None:
    assert module in RANK, f"{module} has no row; give it one in the table ROWS of this test"
    wrong = {name for name in ours(tree_of(ENGINE / f"{module}.py")) if RANK[name] >= RANK[module]}
    assert wrong == set(), f"{module} imports {wrong}, which stand in its own row or below it"


def test_table_of_rows_names_only_what_is_there() -> None:
    assert set(RANK) == {file.stem for file in SOURCES} - {"__init__"}
    assert len(RANK) == sum(map(len, ROWS))


@pytest.mark.parametrize(
    "source", ["from nnparity.cli import main", "def f():\n    import nnparity.cli", "from nnparity import cli"]
)
def test_import_that_points_back_is_seen(source: str) -> None:
    assert ours(ast.parse(source)) == {"cli"}


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_engine_names_no_content_and_no_framework(file: Path) -> None:
    assert named(tree_of(file), {*FRAMEWORKS, *({content.stem for content in CONTENT} - OPERATIONS)}) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("if name == 'torch': pass", {"torch"}),
        ("x = 'onnx_from_torch'", {"onnx_from_torch"}),
        ("import tensorflow", {"tensorflow"}),
        ("SOFTMAX = 1", {"SOFTMAX"}),
        ("'''torch'''", set()),
        ("torchy = 1", set()),
    ],
)
def test_name_of_content_in_the_code_is_seen(source: str, found: set[str]) -> None:
    assert named(ast.parse(source), {"torch", "tensorflow", "softmax", "onnx_from_torch"}) == found


@pytest.mark.parametrize("module", IN_EVERY_ENVIRONMENT)
def test_workers_side_needs_only_numpy(module: str) -> None:
    tree = tree_of(ENGINE / f"{module}.py")
    assert outside(tree) <= {"numpy", *IF_IT_IS_THERE}
    assert ours(tree) <= set(IN_EVERY_ENVIRONMENT)


@pytest.mark.parametrize("module", IN_EVERY_ENVIRONMENT)
def test_workers_side_parses_as_python_3_8(module: str) -> None:
    ast.parse((ENGINE / f"{module}.py").read_text(encoding="utf-8"), feature_version=(3, 8))


NEWER_THAN_3_8 = ("removeprefix", "removesuffix", "bit_count", "cache", "StrEnum", "batched", "pairwise")


def not_in_python_3_8(tree: ast.Module) -> Iterator[str]:
    """Yield what parses as Python 3.8 but does not run there. Annotations are not evaluated."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    abstract = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "collections.abc"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            if node.value.id in {"dict", "list", "tuple", "set", "frozenset", "type", *abstract}:
                yield ast.unparse(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            if any(isinstance(side, ast.Constant) and side.value is None for side in (node.left, node.right)):
                yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg in {"strict", "slots", "kw_only"}:
            yield node.arg
        elif isinstance(node, (ast.Attribute, ast.alias)):
            name = node.attr if isinstance(node, ast.Attribute) else node.name
            if name in NEWER_THAN_3_8:
                yield name


@pytest.mark.parametrize("module", IN_EVERY_ENVIRONMENT)
def test_workers_side_uses_nothing_newer_than_python_3_8(module: str) -> None:
    source = (ENGINE / f"{module}.py").read_text(encoding="utf-8")
    assert "from __future__ import annotations" in source
    assert list(not_in_python_3_8(ast.parse(source))) == []


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("Header = dict[str, int]", ["dict[str, int]"]),
        ("from collections.abc import Mapping\nx = Mapping[str, int]", ["Mapping[str, int]"]),
        ("Size = int | None", ["int | None"]),
        ("name.removeprefix('a')", ["removeprefix"]),
        ("zip(a, b, strict=True)", ["strict"]),
        ("def f(x: dict[str, int] | None) -> list[int]:\n    y: tuple[int, ...] = x", []),
        ("from typing import Dict\nHeader = Dict[str, int]\nx = a | b", []),
    ],
)
def test_what_is_newer_than_python_3_8_is_seen(source: str, seen: list[str]) -> None:
    assert list(not_in_python_3_8(ast.parse(source))) == seen


@pytest.fixture(scope="module")
def python_3_8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python 3.8 with NumPy, in an environment as a user's would be."""
    if not Path(find_interpreter("3.8")).exists():
        pytest.skip("no Python 3.8 on this machine; `uv python install 3.8` gets one")
    spec = Environment("python_3_8", "3.8", ("numpy==1.24.4",), probe=("numpy",))
    try:
        return Environments({spec.name: spec}, tmp_path_factory.mktemp("python_3_8")).build(spec.name).interpreter
    except BuildFailed as problem:
        pytest.skip(str(problem))


def test_workers_side_runs_on_python_3_8(python_3_8: Path, tmp_path: Path) -> None:
    artifact = Artifact("table", None, (TensorSpec("x", "float32", (2,)),), ("y",), {}, {"Mul": 1})
    (tmp_path / ARTIFACT).write_text(json.dumps(describe_artifact(artifact)), encoding="utf-8")
    np.savez(tmp_path / "table.npz", factor=np.float32(3))
    table = ROOT / "test_equivalence" / "harness" / "toy" / "converters"
    worker = ProcessWorker(
        python_3_8,
        components={"table_cpu": str(table / "runtimes" / "table_cpu.py")},
        representations={"table": str(table / "representations" / "table.py")},
        variables={},
        memory_bytes=2**33,
    )
    try:
        header, _ = worker.call({"op": "ping"}, {}, seconds=60)
        assert header["python"].startswith("3.8.")
        request = {"component": "table_cpu", "session": "s", "source": str(tmp_path), "source_key": "k"}
        worker.call({"op": "load", **request}, {}, seconds=60)
        run = {"op": "run", "session": "s", "sets": 1, "inputs": ["x"]}
        _, outputs = worker.call(run, {"0/x": np.arange(2, dtype=np.float32)}, seconds=60)
        np.testing.assert_array_equal(outputs["0/y"], np.array([0, 3], np.float32))
    finally:
        worker.close()


@pytest.mark.parametrize("file", SOURCES + CONTENT, ids=name_of)
def test_file_is_short_enough_to_read(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 500


def test_content_folders_are_no_packages() -> None:
    folders = (ROOT / "models", ROOT / "converters", ROOT / "reports", ROOT / "test_equivalence")
    assert all(folder.is_dir() for folder in folders)
    assert [name_of(file) for folder in folders for file in folder.rglob("__init__.py")] == []


@pytest.mark.parametrize("file", CONTENT, ids=name_of)
def test_content_imports_nothing_heavy_at_its_top(file: Path) -> None:
    assert outside(at_top(tree_of(file))) <= {"numpy"}
    assert load_file(file).__doc__


def test_heavy_import_at_the_top_is_seen() -> None:
    inside = "def f():\n    import tensorflow\nclass A:\n    import tvm\n    def g(self):\n        import onnx"
    tree = ast.parse(f"import numpy, torch\n{inside}")
    assert outside(at_top(tree)) == {"numpy", "torch", "tvm"}


def test_content_loads_where_only_numpy_and_hypothesis_are_installed(built_environments: Path) -> None:
    interpreter = next(built_environments.glob("toy-*/bin/python"))
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from nnparity.loading import load_file
for file in sys.argv[1:]:
    load_file(Path(file))
"""
    ran = subprocess.run(
        [interpreter, "-c", script, *map(str, CONTENT)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


def test_probe_reports_canonical_names() -> None:
    ran = subprocess.run([sys.executable, "-c", PROBE, "json"], capture_output=True, text=True, check=True)
    names = json.loads(ran.stdout.splitlines()[-1])
    assert names["numpy"]
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
