"""ONNX to a DLC, by SNPE's snpe-onnx-to-dlc, which the user supplies; written from its documentation, not run here."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SNPE = load_file(Path(__file__).parents[1] / "support" / "snpe_tools.py")
REFUSED = r"ERROR_.*UNSUPPORTED|[Nn]ot supported|[Uu]nsupported|No translation registered"
INPUT = "data"


class DlcFromOnnxSnpe:
    name = "dlc_from_onnx_snpe"
    environment = "native_tools"
    source = "onnx_explicit"
    target = "dlc"
    on_demand = True
    operators_from = "the table of layers that snpe-dlc-info writes, without inputs"

    def missing(self) -> str:
        return str(SNPE.missing(SNPE.CONVERTER, SNPE.DESCRIBER))

    def supplied(self) -> str:
        return str(SNPE.identity(SNPE.CONVERTER, SNPE.DESCRIBER))

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the container, whose inputs and outputs keep ONNX's layout."""
        if artifact.open_axes:
            raise Unsupported(f"a DLC has fixed shapes; left open: {', '.join(artifact.open_axes)}")
        for spec in artifact.inputs:
            if spec.dtype != "float32":
                raise Unsupported(f"snpe-net-run reads files of float32; {spec.name} is {spec.dtype}")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "model.onnx").write_bytes(artifact.model.SerializeToString())
            options: list[str | Path] = ["--input_network", folder / "model.onnx"]
            options += ["--output_path", folder / "model.dlc"]
            for spec in artifact.inputs:
                options += ["-d", spec.name, ",".join(map(str, spec.shape))]
            for output in artifact.outputs:
                options += ["--out_node", output]
            said = SNPE.call(SNPE.CONVERTER, [*options, "--preserve_io", "layout"], folder=folder)
            said.refuse(REFUSED, failed=said.code != 0)
            said.demand()
            model = said.demand_file(folder / "model.dlc").read_bytes()
        kinds = Counter(row["Type"] for row in SNPE.layers(model) if row["Type"].lower() != INPUT)
        return artifact.converted(self.target, model).with_operators(dict(kinds))


COMPONENT = DlcFromOnnxSnpe()
