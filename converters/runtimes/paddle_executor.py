"""Paddle's own executor of saved programs, on the CPU."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

# Paddle's own words for a dtype without a kernel on the CPU, and for one that it takes from no array.
REFUSED = re.compile(
    r"^.*(There are no kernels which are registered|can only be used on GPU|tensor\.set\(\) supports array with).*$",
    re.MULTILINE,
)
KERNEL_WORDS = re.compile(r"^ *\w+Error: .*$", re.MULTILINE)
SUPPORT = Path(__file__).parents[1] / "support"


class ExecutorSession:
    def __init__(self, artifact: Artifact) -> None:
        import paddle

        self._executor = paddle.static.Executor(paddle.CPUPlace())
        self._scope = paddle.static.Scope()
        self._feeds = artifact.model.feeds
        self._outputs = artifact.model.outputs
        self._program = paddle.static.deserialize_program(artifact.model.program)
        if artifact.model.parameters:
            with paddle.static.scope_guard(self._scope):
                paddle.static.deserialize_persistables(self._program, artifact.model.parameters, self._executor)
        self._fetched = _fetched(self._program)

    def run(self, inputs: Arrays) -> Arrays:
        import paddle

        fed = {variable: np.ascontiguousarray(inputs[name]) for name, variable in self._feeds.items()}
        with load_file(SUPPORT / "paddle_model.py").static_mode(), paddle.static.scope_guard(self._scope):
            try:
                results = self._executor.run(self._program, feed=fed, fetch_list=self._fetched)
            except Exception as problem:
                refused = REFUSED.search(str(problem))
                if refused:
                    raise Unsupported(f"Paddle: {refused[0].strip()}") from problem
                words = KERNEL_WORDS.search(str(problem))
                if words is None:
                    raise
                # Before them stands the whole trace of the process that the program was written in.
                raise RuntimeError(f"Paddle: {words[0]}") from problem
        return dict(zip(self._outputs, results, strict=True))


def _fetched(program: Any) -> list[Any]:
    """Return the variables that the program gives, in the order of the model's outputs."""
    block = program.global_block()
    fetches = sorted((one for one in block.ops if one.type == "fetch"), key=lambda one: int(one.attr("col")))
    return [block.var(fetch.input("X")[0]) for fetch in fetches]


class PaddleExecutor:
    name = "paddle_executor"
    environment = "paddle"
    accepts = ("paddle",)
    on_demand = True

    def load(self, artifact: Artifact) -> Session:
        with load_file(SUPPORT / "paddle_model.py").static_mode():
            return ExecutorSession(artifact)


COMPONENT = PaddleExecutor()
