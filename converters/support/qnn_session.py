"""Sessions of ONNX Runtime in which Qualcomm's plugin runs every node, and what the plugin says where it does not."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nnparity.contracts import Unsupported

PLUGIN = "QNNExecutionProvider"
VERBOSE, ERRORS_ONLY = 0, 3
REFUSAL = re.compile(r"Operator type: (\w+) .*\n\s*REASON : (.*)")
# The plugin's and ONNX Runtime's own words for what they do not take; their classes say nothing.
NOT_TAKEN = ("Dynamic shape is not supported yet", "is not a registered function/op")
# What stands beside a graph in the folder of its dump: a list of its tensors.
TENSORS = "_tensor_log.json"


@dataclass(frozen=True)
class QnnModel:
    """What the plugin makes of a model. onnx: what it makes it of. nodes: its graphs' nodes, by their names."""

    onnx: Any
    nodes: Mapping[str, Mapping[str, Any]]


def session(model: Any, options: Mapping[str, str]) -> Any:
    """Return a session for an onnx.ModelProto in which all nodes are the plugin's, with the plugin's options.

    Raises Unsupported, with the plugin's reasons, if it leaves nodes to ONNX Runtime: those would be run on the CPU
    without a word. Raises RuntimeError if the plugin takes nothing at all, whatever the model.
    """
    made = _session(model, options)
    left, taken = _assigned(made)
    if not left and taken:
        return made
    _prove_that_it_takes_anything(json.dumps(options, sort_keys=True))
    if not left:
        raise Unsupported("ONNX Runtime leaves no node of the model to run")
    reasons = _reasons(model, options) or "no reason given"
    names = ", ".join(f"{name} x {count}" for name, count in sorted(left.items()))
    raise Unsupported(f"QNN leaves to ONNX Runtime's CPU provider: {names}; {reasons}")


def dumped_into(folder: str) -> dict[str, str]:
    """Return the plugin's options by which it writes its graphs into the folder."""
    return {"dump_json_qnn_graph": "1", "json_qnn_graph_dir": folder}


def nodes(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the nodes of the graphs that the plugin has dumped into the folder. Raises RuntimeError for none."""
    files = sorted(file for file in folder.glob("*.json") if not file.name.endswith(TENSORS))
    found: dict[str, Mapping[str, Any]] = {}
    for place, file in enumerate(files):
        graph = json.loads(file.read_text(encoding="utf-8"))["graph"]
        for name, node in graph["nodes"].items():
            kept = {"type": node["type"], "inputs": node["input_names"], "outputs": node["output_names"]}
            found[f"{place}/{name}"] = kept
    if not found:
        raise RuntimeError(f"QNN dumped no graph: {sorted(os.listdir(folder))}")
    return found


def counts(found: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return how many nodes of each type there are."""
    return dict(Counter(node["type"] for node in found.values()))


def _session(model: Any, options: Mapping[str, str], severity: int = ERRORS_ONLY) -> Any:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail
    from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NotImplementedStatus

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    settings.log_severity_level = severity
    settings.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    settings.add_provider_for_devices([_device()], dict(options))
    try:
        # Without enable_fallback=0 it would repeat on the CPU what fails here.
        return onnxruntime.InferenceSession(model.SerializeToString(), settings, enable_fallback=0)
    except NotImplementedStatus as refusal:
        raise Unsupported(f"ONNX Runtime: {refusal}") from refusal
    except (EPFail, Fail) as refusal:
        if not any(words in str(refusal) for words in NOT_TAKEN):
            raise
        raise Unsupported(f"ONNX Runtime: {refusal}") from refusal


@cache
def _device() -> Any:
    import onnxruntime
    import onnxruntime_qnn

    onnxruntime.register_execution_provider_library(PLUGIN, onnxruntime_qnn.get_library_path())
    devices = [device for device in onnxruntime.get_ep_devices() if device.ep_name == PLUGIN]
    if not devices:
        raise RuntimeError(f"ONNX Runtime {onnxruntime.__version__} has registered {PLUGIN} and names no device of it")
    return devices[0]


def _assigned(made: Any) -> tuple[dict[str, int], int]:
    """Return how many nodes of each operator the plugin has left, and how many it has taken."""
    left: dict[str, int] = {}
    taken = 0
    for assigned in made.get_provider_graph_assignment_info():
        operators = [node.op_type for node in assigned.get_nodes()]
        if assigned.ep_name == PLUGIN:
            taken += len(operators)
            continue
        for operator in operators:
            left[operator] = left.get(operator, 0) + 1
    return left, taken


@cache
def _prove_that_it_takes_anything(options: str) -> None:
    """Raise RuntimeError if a model of one Relu is not the plugin's: then it is the plugin that does not work."""
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    left, _ = _assigned(_session(model, json.loads(options)))
    if left:
        raise RuntimeError(f"{PLUGIN} takes not even Relu; it does not fit this version of ONNX Runtime, or is broken")


def _reasons(model: Any, options: Mapping[str, str]) -> str:
    """Return why the plugin leaves nodes, from what it logs: "Erf: not supported"."""
    with _standard_error() as file:
        _session(model, options, VERBOSE)
        said = file.read_text(encoding="utf-8", errors="replace")
    return "; ".join(sorted({f"{operator}: {reason.strip()}" for operator, reason in REFUSAL.findall(said)}))


@contextmanager
def _standard_error() -> Iterator[Path]:
    """Give the file to which the process's standard error goes meanwhile: there is no other way to the log."""
    with tempfile.NamedTemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield Path(file.name)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
