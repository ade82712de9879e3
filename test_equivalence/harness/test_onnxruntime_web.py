"""What crosses to Node.js and back is the same to the bit, and a process that ends or aborts is told and replaced.

The library itself is tested on its paths; here something with its interface gives back what it is given.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnparity.contracts import Artifact, TensorSpec, Unsupported
from nnparity.loading import load_file

WEB = load_file(Path(__file__).parents[2] / "converters" / "runtimes" / "onnxruntime_web.py")
IDENTITY = """
class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
const WORDS = {
  declines: "Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for Det(11)",
  fails: "Can't create a session. ERROR_CODE: 2, ERROR_MESSAGE: no",
};
class InferenceSession {
  static async create(model) {
    const kind = Buffer.from(model).toString();
    if (kind in WORDS) throw new Error(WORDS[kind]);
    return Object.assign(new InferenceSession(), { kind });
  }
  async run(feeds, names) {
    if (this.kind === "ends") process.exit(3);
    if (this.kind === "aborts") throw new WebAssembly.RuntimeError("Aborted(OOM)");
    return Object.fromEntries(names.map((name) => [name, feeds[name.slice("same_".length)]]));
  }
  async release() {}
}
module.exports = { env: { wasm: {} }, Tensor, InferenceSession };
"""


@pytest.fixture(scope="module", autouse=True)
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put something that gives back what it is given in the library's place."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js on this machine; install Node.js 20 or newer")
    folder = tmp_path_factory.mktemp("web")
    module = folder / "node_modules" / "onnxruntime-web"
    module.mkdir(parents=True)
    (module / "index.js").write_text(IDENTITY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WEB, "packages", lambda: folder)
        patch.setattr(WEB, "_nodes", [])
        yield
        for node in WEB._nodes:
            node.close()


def session(inputs: dict[str, np.ndarray], kind: str = "identity") -> Any:
    model = SimpleNamespace(SerializeToString=kind.encode)
    specs = tuple(TensorSpec(name, one.dtype.name, one.shape) for name, one in inputs.items())
    return WEB.WebSession(Artifact("onnx", model, specs, tuple(f"same_{name}" for name in inputs), {}))


ARRAYS = st.sampled_from(sorted(WEB.DTYPES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), ARRAYS, min_size=1))
def test_arrays_come_back_to_the_bit(inputs: dict[str, np.ndarray]) -> None:
    outputs = session(inputs).run(inputs)
    assert set(outputs) == {f"same_{name}" for name in inputs}
    for name, one in inputs.items():
        other = outputs[f"same_{name}"]
        assert (other.dtype, other.shape, other.tobytes()) == (one.dtype, one.shape, one.tobytes())


def test_array_larger_than_a_pipe_comes_back() -> None:
    inputs = {"a": np.arange(500_000, dtype=np.int64)}
    assert (session(inputs).run(inputs)["same_a"] == inputs["a"]).all()


def test_what_is_not_implemented_is_unsupported_and_other_errors_are_errors() -> None:
    x = {"a": np.zeros(1, np.float32)}
    with pytest.raises(Unsupported, match="Could not find an implementation for Det"):
        session(x, "declines")
    with pytest.raises(RuntimeError, match="ERROR_CODE: 2"):
        session(x, "fails")


@pytest.mark.parametrize(("kind", "words"), [("ends", "ended with code 3 in the middle of `run`"), ("aborts", "Abort")])
def test_process_that_is_lost_is_told_and_replaced(kind: str, words: str) -> None:
    x = {"a": np.ones(1, np.float32)}
    before = session(x)
    with pytest.raises((WEB.NodeEnded, RuntimeError), match=words):
        session(x, kind).run(x)
    for one in (session(x), before):
        assert one.run(x)["same_a"].tolist() == [1]
