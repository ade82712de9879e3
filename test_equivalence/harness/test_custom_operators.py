"""A custom operator is one node with a symbol of its own wherever it goes, and its own file says what computes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nnparity import discovery
from nnparity.bench import Bench
from nnparity.cache import ArtifactCache
from nnparity.check import check
from nnparity.contracts import Family, Unsupported
from nnparity.environments import Environments
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome, Status

ROOT = Path(__file__).parents[2]
LAYER, OPERATOR = "models/custom_operator.py", "converters/custom_operators/firm_shrink.py"
# Operators and layers like ours, with a fault in one of the implementations.
FAULTS = {
    "wrong_numpy": ("numpy=in_numpy", "numpy=lambda *given: -in_numpy(*given)"),
    "wrong_relay": ("relay=in_relay", "relay=lambda *given: -in_relay(*given)"),
}
BY_NUMPY = (
    "torch>onnx_from_torch>onnx_reference",
    "torch>onnx_from_torch>onnxruntime_cpu",
    "torch>onnx_from_torch_legacy>onnxruntime_cpu_unoptimized",
)
BY_RELAY = (
    "torch>onnx_from_torch_legacy>relay_from_onnx>relay_llvm_o3",
    "torch>torchscript_from_torch>relay_from_torchscript>relay_llvm_o0",
)
BY_FRAMEWORK = (
    "torch>exported_program_from_torch>exported_program_cpu",
    "torch>torchscript_from_torch>torchscript_frozen>libtorch_cpu_optimized",
    "tensorflow>tensorflow_function",
)
ALL = (*BY_NUMPY, *BY_RELAY, *BY_FRAMEWORK, "tensorflow>onnx_from_tensorflow>onnxruntime_cpu")
REFUSED = (
    ("tensorflow>tflite_from_tensorflow>litert_builtin", "unresolved custom op: Nnparity>FirmShrink"),
    ("tensorflow>tflite_from_tensorflow>relay_from_tflite>relay_llvm_o0", "Custom operators are currently not"),
    ("torch>tflite_from_torch>litert_builtin", "Lowering not found: nnparity.firm_shrink"),
)


@pytest.fixture(scope="module")
def own_bench(tmp_path_factory: pytest.TempPathFactory, environments: Environments) -> Iterator[Bench]:
    """Yield a bench on a copy of the converters with three custom operators: ours and those of FAULTS."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(ROOT / "converters", folder / "converters", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "models").mkdir()
    shutil.copy(ROOT / LAYER, folder / LAYER)
    for name, (right, wrong) in FAULTS.items():
        renamed = (("custom_operator", name), ("firm_shrink", name), ("FirmShrink", symbol(name)), (right, wrong))
        copied(folder / OPERATOR, folder / f"converters/custom_operators/{name}.py", *renamed[1:])
        copied(folder / LAYER, folder / f"models/{name}.py", ('name="custom_operator"', f'name="{name}"'), renamed[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "content_folders", lambda: [folder])
        content = discovery.discover()
    content.refuse_broken()
    used = {*ALL, *(path for path, _ in REFUSED)}
    needed = content.environments_on(route for route in content.routes if route.id in used)
    assert environments.build_all(needed, print) == {}
    with Bench(content, environments, ArtifactCache(folder / "cache")) as bench:
        yield bench


def copied(old: Path, new: Path, *changes: tuple[str, str]) -> None:
    text = old.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    new.write_text(text, encoding="utf-8")


def symbol(name: str) -> str:
    return "".join(map(str.capitalize, name.split("_")))


def checked(bench: Bench, path: str, layer: str = "custom_operator", *, dtype: str = "float32") -> Outcome:
    config = {"batch": 2, "dtype": dtype, "inner": [3], "lower": 0.5, "upper": 2.0}
    x = np.array([[-3, -1, -0.25], [0.5, 1.75, 2]], dtype)
    route = next(route for route in bench.content.routes if route.id == path)
    return check(Case(layer, config, 0, {"x": x}), route, bench, Oracle(bench))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("path", ALL)
def test_custom_operator_stays_one_node_until_its_library_computes_it(own_bench: Bench, path: str, dtype: str) -> None:
    outcome = checked(own_bench, path, dtype=dtype)
    assert outcome.status is Status.MATCH, outcome.detail
    kept = {step: dict(counts) for step, counts in outcome.op_counts.items() if "relay" not in step}
    symbols = {
        "torch": "nnparity.firm_shrink",
        "tensorflow": "Nnparity>FirmShrink",
        "exported_program": "nnparity.firm_shrink",
        "torchscript": "nnparity::firm_shrink",
        "onnx": "nnparity::FirmShrink",
    }
    for step, counts in kept.items():
        form = representation(own_bench, step)
        assert counts == {symbols[form]: 1}
        assert own_bench.content.representations[form].family(symbols[form]) is Family.CUSTOM
    assert kept


def representation(bench: Bench, step: str) -> str:
    if step in bench.content.conversions:
        return bench.content.conversions[step].kind.target
    return "onnx" if step in bench.content.runtimes else step


@pytest.mark.parametrize(("layer", "own"), [("wrong_numpy", BY_NUMPY), ("wrong_relay", BY_RELAY)])
def test_another_operator_is_one_file_and_its_implementation_is_what_runs(
    own_bench: Bench, layer: str, own: tuple[str, ...]
) -> None:
    paths = [path for path in ALL if path.startswith("torch>")]
    outcomes = {path: checked(own_bench, path, layer) for path in paths}
    assert {path for path in paths if outcomes[path].status is Status.MISMATCH} == set(own)
    assert {path for path in paths if outcomes[path].status is Status.MATCH} == set(paths) - set(own)
    assert outcomes[BY_NUMPY[0]].op_counts["onnx_from_torch"] == {f"nnparity::{symbol(layer)}": 1}


@pytest.mark.parametrize(
    ("compiler", "raised", "words"),
    [
        ("no_such_compiler", Unsupported, "there is no no_such_compiler"),
        ("false", RuntimeError, "false did not compile operator.so"),
    ],
)
def test_operator_that_is_not_compiled_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, raised: type[Exception], words: str
) -> None:
    custom = load_file(ROOT / "converters" / "support" / "custom_operator.py")
    monkeypatch.setattr(custom, "COMPILER", compiler)
    library = tmp_path / "operators" / "operator.so"
    with pytest.raises(raised, match=words):
        custom._compile("", library, [], [])
    assert list(library.parent.iterdir()) == []


@pytest.mark.parametrize(("path", "words"), REFUSED)
def test_library_without_a_way_to_be_given_the_operator_says_so(own_bench: Bench, path: str, words: str) -> None:
    outcome = checked(own_bench, path)
    assert outcome.status is Status.UNSUPPORTED
    assert words in outcome.detail
