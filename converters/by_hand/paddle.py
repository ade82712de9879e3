"""X2Paddle, Paddle's executor and Paddle Lite, as somebody calls them who has no nnparity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def paddle_from_onnx13(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    import contextlib
    import io
    import shutil

    import paddle
    from x2paddle.convert import onnx2paddle

    made, said = target / "made", io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            onnx2paddle(str(source / "model.onnx"), str(made), enable_onnx_checker=False, disable_feedback=True)
    except SystemExit as problem:
        raise RuntimeError(f"X2Paddle left: {said.getvalue()}") from problem
    except Exception as problem:
        if "convert failed node:" not in str(problem) and "In transformed code:" not in str(problem):
            raise
        raise RuntimeError(f"X2Paddle, or X2Paddle's code: {problem}: {problem.__context__!r}") from problem
    for file in (made / "inference_model").iterdir():
        shutil.copy(file, target)
    (target / "model.pdiparams").touch()
    paddle.enable_static()
    block = paddle.static.Program.parse_from_string((target / "model.pdmodel").read_bytes()).global_block()
    fed = {operator.output("Out")[0] for operator in block.ops if operator.type == "feed"}
    feeds = {name: f"x2paddle_{name}" for name in specs if f"x2paddle_{name}" in fed}
    (target / "names.json").write_text(json.dumps({"feeds": feeds, "outputs": outputs}))


def paddle_executor(source: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import paddle

    paddle.enable_static()
    names, executor = json.loads((source / "names.json").read_text()), paddle.static.Executor(paddle.CPUPlace())
    program = paddle.static.deserialize_program((source / "model.pdmodel").read_bytes())
    parameters, block = (source / "model.pdiparams").read_bytes(), program.global_block()
    if parameters:
        paddle.static.deserialize_persistables(program, parameters, executor)
    fetches = sorted((one for one in block.ops if one.type == "fetch"), key=lambda one: one.attr("col"))
    fed = {variable: np.ascontiguousarray(inputs[name]) for name, variable in names["feeds"].items()}
    results = executor.run(program, feed=fed, fetch_list=[block.var(one.input("X")[0]) for one in fetches])
    return dict(zip(names["outputs"], results, strict=True))


def paddle_lite_x86(source: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import ctypes
    import subprocess
    import sys

    import paddle
    from paddlelite.lite import MobileConfig, create_paddle_predictor

    paddle.disable_signal_handler()
    names, config = json.loads((source / "names.json").read_text()), MobileConfig()
    files = [f"--model_file={source / 'model.pdmodel'}", f"--param_file={source / 'model.pdiparams'}"]
    given = [*files, "--valid_targets=x86", "--optimize_out_type=naive_buffer", f"--optimize_out={source / 'lite'}"]
    command = [sys.executable, str(Path(sys.prefix, "bin", "paddle_lite_opt")), *given]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if ran.returncode:
        raise RuntimeError(f"paddle_lite_opt ended with status {ran.returncode}; its last words: {ran.stderr}")
    config.set_model_from_file(str(source / "lite.nb"))
    predictor = create_paddle_predictor(config)
    for name, variable in names["feeds"].items():
        predictor.get_input_by_name(variable).from_numpy(np.ascontiguousarray(inputs[name]))
    ctypes.CDLL(None).mallopt(-6, 165)  # M_PERTURB: what is never written is then not 0 by chance
    predictor.run()
    return {name: np.array(predictor.get_output(at).numpy()) for at, name in enumerate(names["outputs"])}
