"""A package of AOTInductor: a shared library and the C++ that it was compiled from, as the bytes of a .pt2 file."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.pt2"
WRAPPER = ".wrapper.cpp"
# What is called through libtorch's dispatcher, by number: custom operators, and those of ATen without a C function.
DISPATCHED = ".wrapper.json"
BODY = "AOTInductorModel::run_impl("
KERNEL = re.compile(r"^\s+cpp_(fused_?\w*?)_\d+\(", re.MULTILINE)
CALL = re.compile(r"\baoti_torch_cpu_(\w+?)(?:_out)?\(")
FUSED = "fused"
# Names of C functions that are not those of an operator.
FUNCTIONS = {
    "aten.sort_stable": Family.REDUCTION,
    "aten._linear_pointwise": Family.MATMUL,
    "aten.mkldnn__linear_pointwise": Family.MATMUL,
    "aten.mkldnn__convolution_pointwise": Family.CONV,
    "aten.mkldnn__convolution_transpose_pointwise": Family.CONV,
    "aten.mkldnn_rnn_layer": Family.RECURRENT,
}


class AotiPackage:
    name = "aoti_package"
    title = "AOTInductor package"

    def save(self, model: bytes, folder: Path) -> None:
        (folder / FILE).write_bytes(model)

    def load(self, folder: Path) -> bytes:
        return (folder / FILE).read_bytes()

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many calls of each kernel the generated function has: its own, "fused_add_relu", and ATen's."""
        counts: Counter[str] = Counter()
        with zipfile.ZipFile(io.BytesIO(artifact.model)) as package:
            for name in package.namelist():
                if name.endswith(WRAPPER):
                    counts.update(called(package.read(name).decode()))
                elif name.endswith(DISPATCHED):
                    nodes = json.loads(package.read(name))["nodes"]
                    counts.update(_plain(node["node"]["target"]) for node in nodes)
        return dict(counts)

    def family(self, operator: str) -> Family | None:
        """Return the family of the one operator that a kernel computes, or FUSED if it computes several."""
        if operator in FUNCTIONS:
            return FUNCTIONS[operator]
        aten = load_file(SUPPORT / "aten_families.py").family
        first, _, origin = operator.partition("_")
        if first != FUSED:
            family: Family | None = aten(operator)
            return family
        return aten(f"aten.{origin}") or Family.FUSED


def called(wrapper: str) -> Mapping[str, int]:
    """Return how often the generated C++ calls each of its kernels and of ATen's functions."""
    body = wrapper.partition(BODY)[2]
    return Counter([*KERNEL.findall(body), *(f"aten.{name}" for name in CALL.findall(body))])


def _plain(target: str) -> str:
    """Return "aten.sort" for "torch.ops.aten.sort.default" and "aten::sort"."""
    namespace, name = target.removeprefix("torch.ops.").replace("::", ".").split(".")[:2]
    return f"{namespace}.{name}"


REPRESENTATION = AotiPackage()
