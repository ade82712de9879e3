"""ONNX to Qualcomm's DLC, which QNN's backend for its intermediate representation writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class DlcFromOnnx:
    name = "dlc_from_onnx"
    environment = "qnn_htp"
    source = "onnx"
    target = "dlc"
    on_demand = True
    operators_from = "nodes of the QNN graph that is written into the file"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the bytes of the file. Raises RuntimeError unless the whole model is in one."""
        import onnxruntime_qnn

        support = load_file(SUPPORT / "qnn_session.py")
        libraries = Path(onnxruntime_qnn.get_library_path()).parent
        with tempfile.TemporaryDirectory() as folder:
            options = {
                # Its options stay with the process, so they are those of the runtime in the same environment.
                "backend_path": str(libraries / "libQnnHtp.so"),
                "htp_arch": "75",
                "soc_model": "60",
                "qnn_ir_backend_path": str(libraries / "libQnnIr.so"),
                "dump_qnn_ir_dlc": "1",
                "dump_qnn_ir_dlc_dir": folder,
                **support.dumped_into(folder),
            }
            support.session(artifact.model, options)
            files = sorted(Path(folder).glob("*.dlc"))
            if len(files) != 1:
                raise RuntimeError(f"QNN wrote {len(files)} DLC files; expected one for the whole model")
            model = files[0].read_bytes()
            nodes = support.nodes(Path(folder))
        return artifact.converted(self.target, model).with_operators(support.counts(nodes))


COMPONENT = DlcFromOnnx()
