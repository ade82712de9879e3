"""AOTInductor, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def inductor_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import tempfile

    import torch
    import torch._inductor

    torch.set_num_threads(1)
    package = str(Path(tempfile.mkdtemp(), "model.pt2"))
    torch._inductor.aoti_compile_and_package(
        torch.export.load(source / "model.pt2"), package_path=package, inductor_configs={"cpp.threads": 1}
    )
    module = torch._inductor.aoti_load_package(package)
    wide = [(torch.tensor(one.astype(one.dtype.name.replace("bfloat16", "float32"))), one) for one in inputs.values()]
    with torch.inference_mode():
        given = module(*(tensor.to(getattr(torch, one.dtype.name)) for tensor, one in wide))
    given = given if isinstance(given, (tuple, list)) else [given]
    arrays = [one.float().numpy().astype("bfloat16") if one.dtype == torch.bfloat16 else one.numpy() for one in given]
    return dict(zip(outputs, arrays, strict=True))
