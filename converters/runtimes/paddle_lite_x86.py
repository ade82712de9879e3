"""Paddle Lite on x86: its optimiser, and the light predictor that runs what it writes."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.dtypes import BFLOAT16
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
TARGET = "x86"
SECONDS = 240
# "supports numpy array input in bool, float32, float64, int8 ...", says its Python API, and ends the process else.
NOT_TAKEN = frozenset(("float16", BFLOAT16))
REFUSED = re.compile(r"This model is not supported, because .*")
# What mallopt(3) calls M_PERTURB, and what freed memory is filled with; new memory is filled with its complement.
M_PERTURB, FILLING = -6, 165


class LitePredictorSession:
    def __init__(self, predictor: Any, artifact: Artifact) -> None:
        self._predictor = predictor
        self._feeds = artifact.model.feeds
        self._outputs = artifact.model.outputs

    def run(self, inputs: Arrays) -> Arrays:
        for name, variable in self._feeds.items():
            self._predictor.get_input_by_name(variable).from_numpy(np.ascontiguousarray(inputs[name]))
        with _perturbed_memory():
            self._predictor.run()
        # What it gives is a view into memory that the next run writes to.
        return {name: np.array(self._predictor.get_output(at).numpy()) for at, name in enumerate(self._outputs)}


class PaddleLiteX86:
    name = "paddle_lite_x86"
    environment = "paddle"
    accepts = ("paddle",)
    compiles_to = "paddle_lite"
    on_demand = True
    operators_from = "operators in all blocks of the program that Paddle Lite's optimiser writes"

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the model as Paddle Lite's optimiser leaves it, which writes it once more as a program to count."""
        untaken = sorted({spec.dtype for spec in artifact.inputs} & NOT_TAKEN)
        if untaken:
            raise Unsupported(f"Paddle Lite: SetTensorFromPyArray takes no {', '.join(untaken)}")
        support = load_file(SUPPORT / "paddle_model.py")
        with tempfile.TemporaryDirectory() as folder:
            program, parameters = Path(folder, "model.pdmodel"), Path(folder, "model.pdiparams")
            program.write_bytes(artifact.model.program)
            parameters.write_bytes(artifact.model.parameters)
            written = Path(folder, "optimised")
            for form in ("naive_buffer", "protobuf"):
                _optimise(program, parameters, written, form)
            counts = support.operators(Path(written, "model").read_bytes())
            buffer = written.with_suffix(".nb").read_bytes()
        model = support.PaddleLiteModel(buffer=buffer, feeds=artifact.model.feeds, outputs=artifact.model.outputs)
        return artifact.converted("paddle_lite", model).with_operators(counts)

    def load(self, artifact: Artifact) -> Session:
        from paddlelite.lite import MobileConfig, create_paddle_predictor

        _let_lite_speak()
        config = MobileConfig()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.nb")
            file.write_bytes(artifact.model.buffer)
            config.set_model_from_file(str(file))
            return LitePredictorSession(create_paddle_predictor(config), artifact)


@contextmanager
def _perturbed_memory() -> Iterator[None]:
    """Let what a kernel leaves unwritten be, each time, the same great numbers and never by chance the right ones."""
    libc = ctypes.CDLL(None)
    libc.mallopt(M_PERTURB, FILLING)
    try:
        yield
    finally:
        libc.mallopt(M_PERTURB, 0)


def _let_lite_speak() -> None:
    """Take back Paddle's signal handlers: where Lite aborts, its last words would be a page of theirs."""
    import paddle

    paddle.disable_signal_handler()


def _optimise(program: Path, parameters: Path, written: Path, form: str) -> None:
    """Run Paddle Lite's own program, which aborts where it declines: it would take this process with it."""
    command = [
        sys.executable,
        str(Path(sys.prefix, "bin", "paddle_lite_opt")),
        f"--model_file={program}",
        f"--param_file={parameters}",
        f"--valid_targets={TARGET}",
        f"--optimize_out_type={form}",
        f"--optimize_out={written}",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    refused = REFUSED.search(ran.stdout + ran.stderr)
    if refused:
        raise Unsupported(f"Paddle Lite: {refused[0]}")
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or ["nothing"]
        raise RuntimeError(f"paddle_lite_opt ended with status {ran.returncode}; its last words: {said[-1]}")


COMPONENT = PaddleLiteX86()
