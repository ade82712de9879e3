"""AOTInductor: an ExportedProgram compiled to a shared library with a C++ compiler, and run by libtorch."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from nnparity.contracts import Artifact, Session
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
COMPILER = "g++"
# But for the threads these change nothing that is computed: debug information is half of what a compiler does here, and
# the code around the kernels, which only calls them, need not be optimised.
OPTIONS = {
    "cpp.threads": 1,
    "aot_inductor.enable_line_tables": False,
    "aot_inductor.enable_frame_pointer": False,
    "aot_inductor.compile_wrapper_opt_level": "O0",
}


class InductorCpu:
    name = "inductor_cpu"
    environment = "torch"
    accepts = ("exported_program",)
    compiles_to = "aoti_package"
    on_demand = True
    operators_from = "calls in the generated C++"

    def missing(self) -> str:
        compiler = os.environ.get("CXX", COMPILER)
        return "" if shutil.which(compiler) else f"a C++ compiler: {COMPILER} on the path, or CXX naming another"

    def compile(self, artifact: Artifact) -> Artifact:
        import torch
        import torch._inductor

        torch.set_num_threads(1)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "model.pt2"))
            torch._inductor.aoti_compile_and_package(artifact.model, package_path=path, inductor_configs=OPTIONS)
            return artifact.converted(self.compiles_to, Path(path).read_bytes())

    def load(self, artifact: Artifact) -> Session:
        import torch._inductor

        with tempfile.TemporaryDirectory() as folder:  # the loader unpacks it into a folder of its own
            path = Path(folder, "model.pt2")
            path.write_bytes(artifact.model)
            compiled = torch._inductor.aoti_load_package(str(path))
        session: Session = load_file(SUPPORT / "torch_calls.py").ModuleSession(compiled, artifact)
        return session


COMPONENT = InductorCpu()
