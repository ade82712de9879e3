"""ONNX of opset 13 to a Paddle program, by X2Paddle."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# What X2Paddle 1.6 raises where it has no mapping for an operator, and how it prints each of these before.
REFUSED = "Model is not supported yet."
FAILED_NODE = "convert failed node:"
IN_CODE = "In transformed code:"
NAMED_ERROR = re.compile(r"\w+Error: ")
UNMAPPED = re.compile(r"^=+ (\w+) =+$", re.MULTILINE)


class PaddleFromOnnx13:
    """X2Paddle writes Python code with the layers, runs it, and has Paddle save what it traces."""

    name = "paddle_from_onnx13"
    environment = "paddle"
    source = "onnx13"
    target = "paddle"
    on_demand = True
    operators_from = "operators in all blocks of the saved program"

    def convert(self, artifact: Artifact) -> Artifact:
        import paddle
        from x2paddle.convert import onnx2paddle

        printed = io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            file, made = Path(folder, "model.onnx"), Path(folder, "made")
            file.write_bytes(artifact.model.SerializeToString())
            # Names of parameters may be used once in a process, but for this guard.
            with paddle.utils.unique_name.guard(), _own_module(), contextlib.redirect_stdout(printed):
                try:
                    onnx2paddle(str(file), str(made), enable_onnx_checker=False, disable_feedback=True)
                except (Exception, SystemExit) as problem:
                    raise _explained(problem, printed.getvalue()) from problem
            saved = made / "inference_model"
            program = (saved / "model.pdmodel").read_bytes()
            parameters = saved / "model.pdiparams"  # not there if the model has none
            model = load_file(SUPPORT / "paddle_model.py").PaddleModel(
                program=program,
                parameters=parameters.read_bytes() if parameters.exists() else b"",
                feeds=_feeds(program, artifact),
                outputs=tuple(result.name for result in artifact.model.graph.output),
            )
        return artifact.converted(self.target, model)


def _explained(problem: BaseException, printed: str) -> BaseException:
    """Return what X2Paddle declares, or its problem with the words that it printed or put behind another exception."""
    if str(problem) == REFUSED:
        return Unsupported(f"X2Paddle: {REFUSED} {', '.join(sorted(set(UNMAPPED.findall(printed))))}")
    if isinstance(problem, SystemExit):  # it prints what Paddle says, and leaves with status 0
        return RuntimeError(f"X2Paddle left: {_last_error(printed)}")
    if str(problem).startswith(FAILED_NODE):
        cause = problem.__context__
        if isinstance(cause, AssertionError) and str(cause).endswith("is supported"):
            return Unsupported(f"X2Paddle: {problem}: {cause}")
        return RuntimeError(f"X2Paddle: {problem}: {cause!r}")
    if IN_CODE in str(problem):  # a MemoryError too: where Paddle infers shapes, that is of a size it made up
        return RuntimeError(f"X2Paddle's code: {_last_error(str(problem))}")
    return problem


def _last_error(text: str) -> str:
    """Return the last line that names an exception, as a traceback ends, or the last line of all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if NAMED_ERROR.match(line)), lines[-1] if lines else "nothing")


@contextlib.contextmanager
def _own_module() -> Iterator[None]:
    """Forget this model's code afterwards: X2Paddle imports all under one name, from a folder put on the path."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        sys.modules.pop("x2paddle_code", None)


def _feeds(program: bytes, artifact: Artifact) -> dict[str, str]:
    """Return the artifact's inputs to the program's, which has none for an input that nothing reads.

    Raises ValueError for a program with an input of another name.
    """
    block = load_file(SUPPORT / "paddle_model.py").parsed(program).global_block()
    fed = {operator.output("Out")[0] for operator in block.ops if operator.type == "feed"}
    names = {spec.name: f"x2paddle_{spec.name}" for spec in artifact.inputs}
    strangers = fed - set(names.values())
    if strangers:
        raise ValueError(f"X2Paddle: the program's inputs {sorted(strangers)} are none of {sorted(names.values())}")
    return {name: variable for name, variable in names.items() if variable in fed}


COMPONENT = PaddleFromOnnx13()
