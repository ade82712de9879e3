"""ONNX Runtime for the web in Node.js, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np

PROGRAM = """
const fs = require("fs"), ort = require("onnxruntime-web"), {file, feeds, outputs} = JSON.parse(fs.readFileSync(0));
const kinds = {float32: Float32Array, float64: Float64Array, float16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
  int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array, bool: Uint8Array};
const bytes = (data) => Uint8Array.from(Buffer.from(data, "hex")).buffer;
const hex = (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");
const tensor = ({type, dims, data}) => new ort.Tensor(type, new kinds[type](bytes(data)), dims);
const array = ({type, dims, data}) => ({type, dims, data: hex(data)});
const each = (all, change) => Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));
ort.env.wasm.numThreads = 1;
ort.InferenceSession.create(fs.readFileSync(file), {executionProviders: ["wasm"], graphOptimizationLevel: "all"})
  .then((session) => session.run(each(feeds, tensor), outputs))
  .then((results) => console.log(JSON.stringify(each(results, array))))
  .catch((error) => { console.error(String(error)); process.exit(4); });
"""


def onnxruntime_web_wasm(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import json
    import os
    import shutil
    import subprocess
    import sys

    modules = ":".join(str(Path(one, "node_modules")) for one in (Path(sys.argv[0]).resolve().parent, sys.prefix))
    feeds = {
        name: {"type": one.dtype.name, "dims": one.shape, "data": one.tobytes().hex()} for name, one in inputs.items()
    }
    asked = json.dumps({"file": str(source / "model.onnx"), "feeds": feeds, "outputs": outputs})
    given = {"input": asked, "env": {**os.environ, "NODE_PATH": modules}}
    ran = subprocess.run([shutil.which("node"), "-e", PROGRAM], capture_output=True, text=True, check=False, **given)
    if ran.returncode < 0:
        os.kill(os.getpid(), -ran.returncode)
    if ran.returncode:
        raise RuntimeError(f"onnxruntime-web: {ran.stderr}")
    results = json.loads(ran.stdout).items()
    return {name: np.frombuffer(bytes.fromhex(one["data"]), one["type"]).reshape(one["dims"]) for name, one in results}
