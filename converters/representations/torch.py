"""A PyTorch module, built from the layer's recipe and set to inference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family, Unsupported
from nnparity.dtypes import BFLOAT16, widened
from nnparity.loading import load_file, read_recipe

SUPPORT = Path(__file__).parents[1] / "support"
# PyTorch's own words for a constant beyond the dtype, such as -1e9 in half precision; their class is RuntimeError.
NO_NUMBER_OF_THE_DTYPE = "value cannot be converted to type "


class Torch:
    name = "torch"
    title = "PyTorch"
    eager = "torch_eager"

    def save(self, model: Any, folder: Path) -> None:
        raise TypeError(
            f"saving a torch model in {folder}: PyTorch is a root, kept as a recipe and not as a file; "
            "write the recipe with nnparity.loading.write_recipe"
        )

    def load(self, folder: Path) -> Any:
        """Return the module in evaluation mode; one in bfloat16 is given its weights in float32, then narrowed.

        PyTorch takes no array in bfloat16.
        """
        import torch

        layer_file, config, weights = read_recipe(folder)
        build = load_file(layer_file).LAYER.build[self.name]
        module = build(config, {name: widened(array) for name, array in weights.items()}).eval()
        return module.to(torch.bfloat16) if config["dtype"] == BFLOAT16 else module

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return how often each ATen operator is dispatched by one eager call on the example.

        Overloads are counted together: "aten.add". The call runs under no_grad, where composite operators are
        taken apart before they are dispatched ("aten.linear" into "aten.t" and "aten.addmm"), so the counts are
        of the operators that have kernels. Under inference mode the composite ones would be seen instead.
        torch.cond and torch.while_loop count as one; what their branches and bodies dispatch is not seen.
        """
        import torch
        from torch.utils._python_dispatch import TorchDispatchMode

        calls = load_file(SUPPORT / "torch_calls.py")
        name = load_file(SUPPORT / "aten_families.py").operator_name
        counter: Counter[str] = Counter()

        class Counting(TorchDispatchMode):
            supports_higher_order_operators = True

            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                counter[name(func)] += 1
                return func(*args, **(kwargs or {}))

        example = calls.example_tensors(artifact)
        with torch.no_grad(), Counting():
            try:
                artifact.model(*example)
            except RuntimeError as error:
                if NO_NUMBER_OF_THE_DTYPE not in str(error):
                    raise
                raise Unsupported(f"PyTorch: {error}") from error
        if any(operator.startswith("higher_order.") for operator in counter):
            # torch.cond compiles itself, and PyTorch 2.13 keeps that a mode such as Counting forbade it to: every later
            # call in the process would fail.
            torch.compiler.reset()
        return dict(counter)

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "aten_families.py").family(operator)
        return family


REPRESENTATION = Torch()
