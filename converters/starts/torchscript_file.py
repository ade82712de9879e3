"""A TorchScript file of the user's own, as torch.jit.save writes it."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact, NotMine, Reading, Refused, Unsupported, Wanted
from nnparity.loading import load_file

MODULES = Path(__file__).with_name("torch_module.py")
SUPPORT = Path(__file__).parents[1] / "support"
SUFFIXES = (".pt", ".pth", ".ts", ".torchscript")


class TorchScriptFile:
    name = "torchscript_file"
    title = "a TorchScript file"
    representation = "torchscript"
    environment = "torch"
    defined_by = ("libtorch_cpu",)

    def takes(self, path: Path, member: str) -> bool:
        return path.suffix in SUFFIXES and path.is_file() and not member

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        """Return the module as torch.jit.load gives it, which reads code and runs none; then it is run once."""
        import torch

        if wanted.moved:
            raise Unsupported("a module that is not had in float64 is held to itself at moved inputs alone")
        modules = load_file(MODULES)
        if not modules.is_torchscript(Path(wanted.path)):
            raise NotMine("no archive that torch.jit.save wrote")
        with load_file(SUPPORT / "torch_calls.py").without_torchscript_deprecation():
            module = torch.jit.load(wanted.path, map_location="cpu").eval()
        count = sum(1 for _ in module.inlined_graph.nodes())
        if count > wanted.nodes:
            raise Refused(f"it has {count} nodes, and at most {wanted.nodes} are read; --max-nodes {count} reads it")
        arguments = module.forward.schema.arguments[1:]
        taken = [argument.name for argument in arguments]
        needed = [argument.name for argument in arguments if not argument.has_default_value()]
        specs = modules.specs_of(taken, needed, wanted)
        if [spec.name for spec in specs] != taken[: len(specs)]:
            raise Refused(f"it takes its inputs by position: {', '.join(taken)}; give sizes for those before, too")
        if wanted.dtype:
            module = module.to(getattr(torch, wanted.dtype))
            specs = tuple(modules.floats_as(spec, wanted.dtype) for spec in specs)
        sizes = {size: modules.OPEN_SIZE for spec in specs for size in spec.shape if isinstance(size, str)}
        with torch.inference_mode():
            result = module(*(modules.example(spec, sizes) for spec in specs))
        outputs, plain = modules.named_outputs(result)
        if not plain:
            raise Refused(f"it gives a {type(result).__name__}; only a tensor or a tuple of tensors can be compared")
        artifact = Artifact(self.representation, module, specs, outputs, sizes)
        return Reading(artifact, wanted.dtype or modules.dtype_of(module, specs))


START = TorchScriptFile()
