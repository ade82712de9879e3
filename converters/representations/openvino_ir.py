"""OpenVINO's intermediate representation: operators in an .xml file, weights in a .bin file beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
FILE = "model.xml"
# These hold values, and take them in and hand them out.
VALUES = frozenset(("Constant", "Parameter", "Result"))


class OpenVinoIr:
    name = "openvino_ir"
    title = "OpenVINO IR"

    def save(self, model: Any, folder: Path) -> None:
        """Write the model with its weights as they are: without being asked, OpenVINO makes float16 of them."""
        load_file(SUPPORT / "openvino_quiet.py").openvino().save_model(model, folder / FILE, compress_to_fp16=False)

    def load(self, folder: Path) -> Any:
        return load_file(SUPPORT / "openvino_quiet.py").openvino().Core().read_model(folder / FILE)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how many of each operator the model has, branches and bodies of loops once each."""
        return dict(_count(artifact.model.get_ops()))

    def family(self, operator: str) -> Family | None:
        families: Mapping[str, Family] = load_file(SUPPORT / "openvino_families.py").FAMILIES
        return families.get(operator)


def _count(operators: Iterable[Any]) -> Counter[str]:
    counter: Counter[str] = Counter()
    for operator in operators:
        name = operator.get_type_name()
        counter[name] += name not in VALUES
        if name == "If":
            counter += _count(operator.get_then_body().get_ops()) + _count(operator.get_else_body().get_ops())
        elif hasattr(operator, "get_function"):  # Loop, TensorIterator
            counter += _count(operator.get_function().get_ops())
    return +counter


REPRESENTATION = OpenVinoIr()
