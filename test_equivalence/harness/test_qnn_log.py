"""What QNN's plugin dumps and logs is read as it is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[2] / "converters" / "support"
QNN = load_file(SUPPORT / "qnn_session.py")
LOGGED = """[V:onnxruntime:, qnn.cc:1150 LogNodeSupport] Validation FAILED for 1 nodes in OrtNodeUnit (Erf) :
\tOperator type: Erf Node name: erf Node index: 0
\tREASON : Operators of type `Erf` are not supported by QNN EP.
[V:onnxruntime:, qnn.cc:1150 LogNodeSupport] Validation SUCCEEDED for 1 nodes in OrtNodeUnit (Mul) :
\tOperator type: Mul Node name: mul Node index: 1
[V:onnxruntime:, qnn.cc:1150 LogNodeSupport] Validation FAILED for 1 nodes in OrtNodeUnit (Add) :
\tOperator type: Add Node name:  Node index: 2
\tREASON : Cannot get shape
"""


def dumped(folder: Path, name: str, *types: str) -> None:
    nodes = {
        f"n{place}": {"type": kind, "input_names": ["x"], "output_names": ["y"]} for place, kind in enumerate(types)
    }
    (folder / name).write_text(json.dumps({"graph": {"nodes": nodes}}), encoding="utf-8")


def test_reasons_are_those_of_the_nodes_that_failed() -> None:
    expected = [("Erf", "Operators of type `Erf` are not supported by QNN EP."), ("Add", "Cannot get shape")]
    assert QNN.REFUSAL.findall(LOGGED) == expected


def test_nodes_of_all_graphs_count_and_lists_of_tensors_do_not(tmp_path: Path) -> None:
    dumped(tmp_path, "a.json", "Relu", "Relu")
    dumped(tmp_path, "b.json", "Relu", "Cast")
    (tmp_path / "a_tensor_log.json").write_text("{}", encoding="utf-8")
    assert QNN.counts(QNN.nodes(tmp_path)) == {"Relu": 3, "Cast": 1}


def test_no_graph_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a_tensor_log.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RuntimeError, match="dumped no graph"):
        QNN.nodes(tmp_path)
