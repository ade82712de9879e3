"""ONNX Runtime for the web: its WebAssembly build on one thread, in Node.js as in a browser."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import shutil
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, NotHere, Session, Unsupported

SERVER = Path(__file__).parents[1] / "support" / "onnxruntime_web.cjs"
DTYPES = frozenset((
    "float32", "float64", "float16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool",
))  # fmt: skip
NOT_IMPLEMENTED = "ERROR_CODE: 9,"  # ORT_NOT_IMPLEMENTED
# What it says of a dtype that no kernel takes, and of a custom operator, which it has no way to be given.
REFUSED = (NOT_IMPLEMENTED, "data type is not supported", "is not a registered function/op")
NUMBERS = itertools.count()
EXIT_SECONDS = 5.0


class NodeEnded(Exception):
    """The Node.js process is gone, with all its sessions."""


class Node:
    """A Node.js process with ONNX Runtime in it, which answers one request after the other."""

    def __init__(self) -> None:
        program = shutil.which("node")
        if program is None:
            raise NotHere("onnxruntime_web: there is no node on the path; install Node.js 20 or newer")
        command = [program, str(SERVER), str(packages())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any], blocks: Sequence[bytes] = ()) -> tuple[dict[str, Any], IO[bytes]]:
        """Return the answer, and where its bytes are to be read from. Raises Unsupported or RuntimeError for errors."""
        given, taken = self._process.stdin, self._process.stdout
        try:
            given.write(b"".join([json.dumps(request).encode(), b"\n", *blocks]))
            given.flush()
            line = taken.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            code = self.close()
            raise NodeEnded(f"Node.js ended with code {code} in the middle of `{request['op']}`")
        answer: dict[str, Any] = json.loads(line)
        if not answer["ok"]:
            said = f"onnxruntime-web: {answer['error']}"
            if any(words in said for words in REFUSED):
                raise Unsupported(said)
            if answer["fatal"]:
                self.close()
            raise RuntimeError(said)
        return answer, taken

    def close(self) -> int:
        """End the process, if it has not ended by itself, and return its code."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):  # what was not written yet
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=EXIT_SECONDS)
        self._process.kill()
        return self._process.wait()

    def release(self, session: int) -> None:
        """Free a session's memory, if there is still somebody who has it."""
        if self.alive:
            with contextlib.suppress(NodeEnded, RuntimeError):
                self.ask({"op": "release", "session": session})


class WebSession:
    """A model in the process that runs now: loaded again where another model's run has ended the one before."""

    def __init__(self, artifact: Artifact) -> None:
        self._outputs = artifact.outputs
        self._model = artifact.model.SerializeToString()
        self._load()

    def _load(self) -> None:
        self._node, self._number = node(), next(NUMBERS)
        self._node.ask({"op": "load", "session": self._number, "size": len(self._model)}, [self._model])
        weakref.finalize(self, self._node.release, self._number)

    def run(self, inputs: Arrays) -> Arrays:
        if not self._node.alive:
            self._load()
        given = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        for name, array in given.items():
            if array.dtype.name not in DTYPES:
                raise Unsupported(f"onnxruntime-web has no tensors of {array.dtype.name}, as {name} is")
        request = {
            "op": "run",
            "session": self._number,
            "outputs": list(self._outputs),
            "inputs": [
                {"name": name, "type": one.dtype.name, "shape": inputs[name].shape, "size": one.nbytes}
                for name, one in given.items()
            ],
        }
        answer, taken = self._node.ask(request, [array.tobytes() for array in given.values()])
        outputs = {}
        for one in answer["outputs"]:
            content = taken.read(one["size"])
            dtype = np.dtype(one["type"])
            if len(content) != one["size"] or one["size"] != math.prod(one["shape"]) * dtype.itemsize:
                raise RuntimeError(f"Node.js gave {len(content)} bytes of {one['name']}; expected {one}")
            outputs[one["name"]] = np.frombuffer(content, dtype).reshape(one["shape"])
        return outputs


class OnnxRuntimeWeb:
    name = "onnxruntime_web_wasm"
    environment = "onnxruntime_web"
    accepts = ("onnx",)
    on_demand = True

    def load(self, artifact: Artifact) -> Session:
        return WebSession(artifact)


_nodes: list[Node] = []


def node() -> Node:
    """Return the process that is running, started if there is none or it has ended."""
    if not _nodes or not _nodes[-1].alive:
        _nodes[:] = [Node()]
    return _nodes[-1]


@cache
def packages() -> Path:
    """Return the folder of the environment, which has node_modules, whichever Python this is."""
    folders = [Path(sys.prefix), *(Path(place).parents[2] for place in sys.path if place.endswith("site-packages"))]
    found = next((folder for folder in folders if (folder / "node_modules" / "onnxruntime-web").is_dir()), None)
    if found is None:
        raise RuntimeError("the environment has no node_modules/onnxruntime-web; run `nnparity setup onnxruntime_web`")
    return found


COMPONENT = OnnxRuntimeWeb()
