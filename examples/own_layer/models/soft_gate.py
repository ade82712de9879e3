"""A gate of one's own: a tensor times the sigmoid of a learned multiple of itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity import strategies as st
from nnparity.contracts import Arrays, Config, TensorSpec
from nnparity.layers import LayerSpec, Signature
from nnparity.relations import ROWS


def signature(config: Config) -> Signature:
    return Signature(inputs=(TensorSpec("x", config["dtype"], ("batch", config["features"])),), outputs=("y",))


def inputs(config: Config) -> st.SearchStrategy[Arrays]:
    return st.named(x=st.tensors((config["batch"], config["features"]), config["dtype"], extreme=False))


def weights(config: Config, rng: np.random.Generator) -> Arrays:
    return {"slope": rng.uniform(0.5, 2.0, config["features"])}


def reference(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
    """SiLU with a slope: x * sigmoid(slope * x). x: (batch, features), slope: (features,)."""
    x = inputs["x"]
    return {"y": x / (1.0 + np.exp(-weights["slope"] * x))}


def build_torch(config: Config, weights: Arrays) -> Any:
    import torch

    class SoftGate(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope = torch.nn.Parameter(torch.from_numpy(weights["slope"]))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.sigmoid(self.slope * x)

    return SoftGate()


LAYER = LayerSpec(
    name="soft_gate",
    source="an example: SiLU with a learned slope",
    catches="converters that fold a learned slope away",
    configs=st.configs(features=st.sizes()),
    signature=signature,
    inputs=inputs,
    weights=weights,
    reference=reference,
    build={"torch": build_torch},
    relations=ROWS,
    examples=({"batch": 2, "dtype": "float32", "features": 3},),
)
