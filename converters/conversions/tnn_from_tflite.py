"""TFLite to TNN, by its program TnnConverter, which the user supplies."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
TNN = load_file(SUPPORT / "tnn_model.py")
DTYPES = ("float32", "int32")
REFUSED = r"Unsupport tflite op|not support|unsupport"
# In the text of a .tnnproto these end a name, or part it from the next one.
NOT_PLAIN = re.compile(rb"[^0-9A-Za-z_]")
NAME_FIELD = 10  # of a tensor, in the table of fields that TFLite's schema gives it


class TnnFromTflite:
    name = "tnn_from_tflite"
    environment = "native_tflite"
    source = "tflite"
    target = "tnn"
    on_demand = True
    operators_from = "layers in the .tnnproto"

    def missing(self) -> str:
        return str(TNN.TFLITE_CONVERTER.missing())

    def supplied(self) -> str:
        return str(TNN.TFLITE_CONVERTER.identity())

    def convert(self, artifact: Artifact) -> Artifact:
        """Return TNN's two files, whose images have their channels behind the batch, and what TFLite calls the ends.

        TnnConverter ends with code 0 where it fails, so its files are what tells.
        """
        if artifact.open_axes:
            raise Unsupported(f"TNN's files have fixed shapes; left open: {', '.join(artifact.open_axes)}")
        content = with_plain_names(artifact.model)
        taken, given = load_file(SUPPORT / "tflite_signature.py").ends(content)
        for name, end in (*taken.items(), *given.items()):
            if end.dtype not in DTYPES:
                said = f"TNN's programs read and write text of {' and '.join(DTYPES)}; {name} is {end.dtype}"
                raise Unsupported(said)
        program = TNN.TFLITE_CONVERTER.needed()
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            model, answers = folder / "model.tflite", folder / "answers"
            model.write_bytes(content)
            answers.mkdir()
            # It joins this and the model's name as they are.
            said = TNN.SUPPLIED.call([program, "-mp", model, "-od", f"{answers}/", "-mt", "TFLITE"], folder=folder)
            said.refuse(REFUSED, failed=not any(answers.iterdir()))
            said.demand()
            written = TNN.TnnModel(
                proto=said.demand_file(answers / "model.tnnproto").read_bytes(),
                weights=said.demand_file(answers / "model.tnnmodel").read_bytes(),
                outputs={name: (end.dtype, end.shape) for name, end in given.items()},
                names={end.tensor: name for name, end in (*taken.items(), *given.items())},
                channels_last=True,
            )
        return artifact.converted(self.target, written)


def with_plain_names(content: bytes) -> bytes:
    """Return the same file with _ for everything in the tensors' names that is no letter or digit.

    The names keep their length, so that nothing in the file moves. Raises Unsupported where two would be the same.
    """
    import tflite

    written = bytearray(content)
    names = set()
    subgraph = tflite.Model.GetRootAsModel(content, 0).Subgraphs(0)
    for place in range(subgraph.TensorsLength()):
        table = subgraph.Tensors(place)._tab
        start = table.Vector(table.Offset(NAME_FIELD))
        size = table.VectorLen(table.Offset(NAME_FIELD))
        name = NOT_PLAIN.sub(b"_", content[start : start + size])
        if name in names:
            raise Unsupported(f"two tensors of the TFLite file would have the name {name.decode()} in TNN's text")
        names.add(name)
        written[start : start + size] = name
    return bytes(written)


COMPONENT = TnnFromTflite()
