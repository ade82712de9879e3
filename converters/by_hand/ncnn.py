"""pnnx and ncnn, as somebody calls them who has no nnparity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

NOT_SHOWN = {
    "would copy beyond the end of memory": "nnparity does not let ncnn do it; what it would do differs each time"
}
KINDS = {"bool": "bool", "int32": "i32", "int64": "i64", "float16": "f16", "bfloat16": "bf16", "float32": "f32"}


def pnnx(source: Path, specs: Any, outputs: list[str], target: Path, *flags: str) -> None:
    import importlib.util
    import os
    import re
    import shutil
    import signal
    import subprocess

    shutil.rmtree(target)
    target.mkdir()
    shutil.copy(source / "model.pt", target)
    shapes = ",".join(f"{shape}{KINDS[dtype]}".replace(" ", "") for shape, dtype in specs.values())
    program = Path(importlib.util.find_spec("pnnx").origin).with_name("pnnx")
    command = [program, "model.pt", f"inputshape={shapes}", *flags]
    env = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.perturb=165"}
    ran = subprocess.run(command, cwd=target, env=env, capture_output=True, text=True, errors="replace", check=False)
    said = f"{ran.stdout}{ran.stderr}".replace("\n", " | ")
    if ran.returncode < 0:
        raise RuntimeError(f"pnnx crashed ({signal.Signals(-ran.returncode).name}): {said}")
    if not (target / "model_ncnn.py").exists() or not (target / "model.ncnn.param").exists():
        raise RuntimeError(f"pnnx wrote no ncnn files: {said}")
    script, given = (target / "model_ncnn.py").read_text(), list(specs)
    taken = re.findall(r'ex\.input\("in(\d+)", ncnn\.Mat\(in\d+\.numpy\(\), batch_index=(\d+)\)', script)
    made = re.findall(r"out\d+\.numpy\(batch_index=(\d+)\)", script)
    ends = {"inputs": {given[int(place)]: [f"in{place}", int(axis)] for place, axis in taken}}
    ends["outputs"] = {name: [f"out{place}", int(made[place])] for place, name in enumerate(outputs)}
    (target / "blobs.json").write_text(json.dumps(ends))


def ncnn_from_torchscript(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    pnnx(source, specs, outputs, target, "fp16=0")


def ncnn_from_torchscript_default(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    pnnx(source, specs, outputs, target)


def right(code: int, what: str) -> None:
    if code != 0:
        raise RuntimeError(f"ncnn: {what} gives {code}; expected 0; what it says is on its error stream")


def ran(options: dict[str, bool], source: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import ncnn

    ends, net, outputs = json.loads((source / "blobs.json").read_text()), ncnn.Net(), {}
    for option, value in {"num_threads": 1, "use_vulkan_compute": False, **options}.items():
        setattr(net.opt, option, value)
    right(net.load_param(str(source / "model.ncnn.param")), "load_param")
    right(net.load_model(str(source / "model.ncnn.bin")), "load_model")
    with net.create_extractor() as extractor:
        for name, (blob, axis) in ends["inputs"].items():
            array = np.ascontiguousarray(inputs[name], np.int32 if inputs[name].dtype.kind in "iu" else np.float32)
            right(extractor.input(blob, ncnn.Mat(array, batch_index=axis).clone()), f"input {name}")
        for name, (blob, axis) in ends["outputs"].items():
            code, result = extractor.extract(blob)
            right(code, f"extract {name}")
            outputs[name] = np.array(result.numpy(batch_index=axis))
    return outputs


def ncnn_cpu(source: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    kinds = ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage")
    return ran({f"use_{kind}": False for kind in kinds}, source, inputs)


def ncnn_cpu_default(source: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return ran({}, source, inputs)
