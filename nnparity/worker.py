"""Child side: serves the components of one environment.

Runs on Python 3.8 with nothing but NumPy. Real stdout is kept for replies; whatever a framework prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib.util
import json
import os
import resource
import sys
import threading
import time
import traceback
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Dict, Mapping, Tuple

if __name__ == "__main__":
    # Only this package is made importable: its parent folder may hold another interpreter's packages.
    _spec = importlib.util.spec_from_file_location(
        "nnparity",
        Path(__file__).with_name("__init__.py"),
        submodule_search_locations=[str(Path(__file__).resolve().parent)],
    )
    assert _spec is not None and _spec.loader is not None  # noqa: S101 the file lies beside this one
    _package = importlib.util.module_from_spec(_spec)
    sys.modules["nnparity"] = _package
    _spec.loader.exec_module(_package)
    del sys.path[0]  # this file's folder: our `budget` must not be what a component gets for `import budget`

import numpy as np

from nnparity.contracts import Arrays, Artifact, NotHere, NotMine, Refused, Session, TensorSpec, Unsupported, Wanted
from nnparity.frames import BadFrame, decode, encode
from nnparity.loading import components_in, load_file

ARTIFACT = "artifact.json"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
MODELS_KEPT = 6
DETAIL_LIMIT = 4000
WATCH_SECONDS = 2.0
Reply = Tuple[Dict[str, Any], Dict[str, np.ndarray]]


class ContractBroken(Exception):
    """The component answered something that its contract does not allow."""


def describe_artifact(artifact: Artifact) -> Dict[str, Any]:
    """Return the JSON form of all but the model."""
    return {
        "representation": artifact.representation,
        "inputs": [[spec.name, spec.dtype, list(spec.shape)] for spec in artifact.inputs],
        "outputs": list(artifact.outputs),
        "sizes": dict(artifact.sizes),
        "operators": None if artifact.operators is None else dict(artifact.operators),
        **({"steps": dict(artifact.steps)} if artifact.steps else {}),
    }


class Server:
    """Answers requests; the same object serves a pipe or, in-process, the host itself."""

    def __init__(
        self,
        *,
        components: Mapping[str, str],
        representations: Mapping[str, str],
        drawings: Mapping[str, str] = MappingProxyType({}),
        cuts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._component_files = components
        self._representation_files = representations
        self._drawing_files = drawings
        self._cut_files = cuts
        self._sessions: Dict[str, Session] = {}
        self._models: OrderedDict[str, Artifact] = OrderedDict()

    def answer(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        """Return the reply to one request. What a component raises becomes the reply's status."""
        try:
            return getattr(self, "_answer_" + request["op"])(request, arrays)  # type: ignore[no-any-return]
        except Unsupported as problem:
            return _failed("UNSUPPORTED", str(problem) or "declared not supported, without a reason"), {}
        except NotHere as problem:
            return _failed("NOT_RUN", str(problem) or "what it needs is not on this machine"), {}
        except MemoryError as problem:
            return _failed("OUT_OF_MEMORY", _last_words(problem)), {}
        except OSError as problem:
            failed = _failed("ERROR", _last_words(problem), traceback.format_exc())
            return {**failed, "no_space": problem.errno in NO_SPACE}, {}
        except (Exception, SystemExit) as problem:  # noqa: BLE001 the worker's boundary: re-labelled, never hidden
            return _of_exception(problem), {}

    def _answer_ping(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        return {"ok": True, "python": sys.version.split()[0], "numpy": np.__version__}, dict(arrays)

    def _answer_start(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        """Read a model of the user's own into a folder that a root may be built from."""
        folder = Path(request["target"])
        asked = dict(request["wanted"])
        asked["shapes"] = {name: tuple(shape) for name, shape in asked["shapes"].items()}
        reading = load_file(Path(request["start"])).START.read(Wanted(**asked), folder)
        self._write(reading.artifact, folder, 0.0, 0, save=reading.artifact.model is not None)
        return {"ok": True, "dtype": reading.dtype, "bounds": dict(reading.bounds)}, {}

    def _answer_build(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        forget_peak()
        started = time.perf_counter()
        artifact = self._artifact(Path(request["source"]), request["source_key"])
        counted = artifact.with_operators(self._representation(artifact.representation).count(artifact))
        seconds = time.perf_counter() - started
        self._write(counted, Path(request["target"]), seconds, peak_megabytes(), save=False)
        return {"ok": True, "seconds": seconds}, {}

    def _answer_convert(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        return self._derived(request, lambda component, artifact: (component.convert(artifact), component.target))

    def _answer_compile(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        return self._derived(request, lambda component, artifact: (component.compile(artifact), component.compiles_to))

    def _derived(self, request: Mapping[str, Any], derive: Any) -> Reply:
        source = self._artifact(Path(request["source"]), request["source_key"])
        component = self._component(request["component"])
        # Nobody else gets what a component may have changed, nor the result before it has been through its files:
        # otherwise an outcome would depend on what ran before it, and on what the cache had.
        self._models.pop(request["source_key"], None)
        forget_peak()
        started = time.perf_counter()
        derived, expected = derive(component, source)
        if not isinstance(derived, Artifact):
            raise ContractBroken(f"{request['component']}: expected an Artifact, got {type(derived).__name__}")
        if derived.representation != expected:
            raise ContractBroken(
                f"{request['component']}: expected an Artifact in {expected!r}, got one in {derived.representation!r}; "
                f"return artifact.converted({expected!r}, model)"
            )
        seconds, megabytes = time.perf_counter() - started, peak_megabytes()
        if derived.operators is None:
            derived = derived.with_operators(self._representation(derived.representation).count(derived))
        target = Path(request["target"])
        self._write(derived, target, seconds, megabytes, save=True)
        return {"ok": True, "seconds": seconds}, {}

    def _answer_load(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        artifact = self._artifact(Path(request["source"]), request["source_key"])
        component = self._component(request["component"])
        forget_peak()
        started = time.perf_counter()
        self._sessions[request["session"]] = component.load(artifact)
        return {"ok": True, "seconds": time.perf_counter() - started, "megabytes": peak_megabytes()}, {}

    def _answer_draw(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        artifact = self._artifact(Path(request["source"]), request["source_key"])
        drawing = load_file(Path(self._drawing_files[artifact.representation])).DRAWING
        operators = [[one.name, one.takes, one.gives, one.shapes, one.within] for one in drawing.operators(artifact)]
        return {"ok": True, "inputs": [spec.name for spec in artifact.inputs], "operators": operators}, {}

    def _answer_operators(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        """Return the operators of a graph that can be cut, and the names of what goes in and out of it."""
        artifact = self._artifact(Path(request["source"]), request["source_key"])
        found = self._cut(artifact).operators(artifact)
        operators = [[one.kind, one.name, one.takes, one.gives, one.apart, one.source] for one in found]
        inputs = [spec.name for spec in artifact.inputs]
        return {"ok": True, "operators": operators, "inputs": inputs, "outputs": list(artifact.outputs)}, {}

    def _answer_cut(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        """Write a part of a model, as a model of its own; the arrays are inputs of the whole."""
        artifact = self._artifact(Path(request["source"]), request["source_key"])
        takes = [TensorSpec(name, dtype, tuple(shape)) for name, dtype, shape in request["takes"]]
        part = self._cut(artifact).cut(artifact, takes, list(request["gives"]), arrays)
        part = part.with_operators(self._representation(part.representation).count(part))
        self._write(part, Path(request["target"]), 0.0, 0, save=True)
        return {"ok": True}, {}

    def _answer_trust(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        """Run what is trusted on each set of inputs; arrays are named as in `_answer_run`."""
        artifact = self._artifact(Path(request["source"]), request["source_key"])
        self._models.pop(request["source_key"], None)  # what computes it in float64 may have changed it
        self._sessions["trusted"] = self._cut(artifact).trusted(
            artifact, exact=request["exact"], moved=request["moved"]
        )
        try:
            return self._answer_run({**request, "session": "trusted"}, arrays)
        finally:
            del self._sessions["trusted"]

    def _cut(self, artifact: Artifact) -> Any:
        return load_file(Path(self._cut_files[artifact.representation])).CUT

    def _answer_unload(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        self._sessions.pop(request["session"], None)
        return {"ok": True}, {}

    def _answer_run(self, request: Mapping[str, Any], arrays: Arrays) -> Reply:
        """Run the session on each set of inputs; array names are "<set>/<input>", replies "<set>/<output>"."""
        session = self._sessions[request["session"]]
        sets = [{name: arrays[f"{index}/{name}"] for name in request["inputs"]} for index in range(request["sets"])]
        outputs: Dict[str, np.ndarray] = {}
        seconds = 0.0
        for index, inputs in enumerate(sets):
            started = time.perf_counter()
            answer = session.run(inputs)
            seconds += time.perf_counter() - started
            if not isinstance(answer, Mapping):
                raise ContractBroken(f"run: expected outputs by name, got {type(answer).__name__}")
            for name, value in answer.items():
                if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.hasobject:
                    raise ContractBroken(f"run: output {name!r}: expected a NumPy array of numbers, got {value!r:.80}")
                outputs[f"{index}/{name}"] = np.array(value)  # a copy: the next run may use the same memory
        return {"ok": True, "seconds": seconds / max(1, len(sets))}, outputs

    def forget(self) -> None:
        """Drop every session and model."""
        self._sessions.clear()
        self._models.clear()

    def _component(self, name: str) -> Any:
        return components_in(Path(self._component_files[name]))[name]

    def _representation(self, name: str) -> Any:
        if name not in self._representation_files:
            raise ContractBroken(
                f"representation {name!r} has no file; expected one of {', '.join(sorted(self._representation_files))}"
            )
        return load_file(Path(self._representation_files[name])).REPRESENTATION

    def _artifact(self, folder: Path, key: str) -> Artifact:
        if key in self._models:
            self._models.move_to_end(key)
            return self._models[key]
        text = json.loads((folder / ARTIFACT).read_text(encoding="utf-8"))
        artifact = Artifact(
            representation=text["representation"],
            model=self._representation(text["representation"]).load(folder),
            inputs=tuple(TensorSpec(name, dtype, tuple(shape)) for name, dtype, shape in text["inputs"]),
            outputs=tuple(text["outputs"]),
            sizes=text["sizes"],
            operators=text["operators"],
            steps=text.get("steps"),
        )
        self._keep(key, artifact)
        return artifact

    def _keep(self, key: str, artifact: Artifact) -> None:
        self._models[key] = artifact
        while len(self._models) > MODELS_KEPT:
            self._models.popitem(last=False)

    def _write(self, artifact: Artifact, target: Path, seconds: float, megabytes: int, *, save: bool) -> None:
        if save:
            self._representation(artifact.representation).save(artifact.model, target)
        described = {**describe_artifact(artifact), "seconds": seconds, "megabytes": megabytes}
        (target / ARTIFACT).write_text(json.dumps(described, sort_keys=True), encoding="utf-8")


def _last_words(problem: BaseException) -> str:
    try:
        text = str(problem).strip().replace(sys.prefix, "<environment>")
    except Exception:  # noqa: BLE001 an exception that cannot be put into words is still one
        text = ""
    return f"{type(problem).__name__}: {text}"[:DETAIL_LIMIT] if text else type(problem).__name__


def _of_exception(problem: BaseException) -> Dict[str, Any]:
    if isinstance(problem, (NotMine, Refused)):
        return {**_failed("ERROR", str(problem)), "cause": type(problem).__name__}
    failed = _failed("ERROR", _last_words(problem), traceback.format_exc())
    return {**failed, "module": _missing_module(problem)}


def _missing_module(problem: BaseException | None) -> str:
    """Return the module whose absence the exception is about, itself or what it was raised from; "" if none."""
    seen = set()
    while problem is not None and id(problem) not in seen:  # "raise e from e" is its own cause
        if isinstance(problem, ModuleNotFoundError) and problem.name:
            return problem.name
        seen.add(id(problem))
        problem = problem.__cause__
    return ""


def _failed(status: str, detail: str, trace: str = "") -> Dict[str, Any]:
    return {"ok": False, "status": status, "detail": detail[:DETAIL_LIMIT], "traceback": trace[-DETAIL_LIMIT:]}


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forget_peak() -> None:
    """Let the peak of this process's memory begin at what it holds now, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_megabytes() -> int:
    """Return the most that this process held since `forget_peak`, all that is imported in it included."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return _peak_bytes() // 2**20


def leave_with_parent() -> None:
    """End this process soon after the one that started it, whatever it is doing: nobody is left to stop it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def collect_rarely() -> None:
    """Let Python look for unreachable cycles seldom: it walks a framework's million objects each time, to find few."""
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """Serve requests from stdin until it closes."""
    collect_rarely()
    leave_with_parent()
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a component, or a compiler that it starts, may read stdin
    setup = json.loads(requests.readline())
    server = Server(**setup)
    while True:
        line = requests.readline()
        if not line:
            break
        try:
            request, arrays = decode(line, requests.read)
        except BadFrame:
            break
        header, outputs = server.answer(request, arrays)
        header["call"] = request.get("call")
        header["peak_bytes"] = _peak_bytes()
        view = memoryview(b"".join(encode(header, outputs)))
        while view:
            view = view[replies.write(view) :]
    os._exit(0)  # frameworks' threads and destructors have hung or crashed here; nothing is left to lose


if __name__ == "__main__":
    main()
