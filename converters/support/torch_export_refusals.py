"""Which exceptions of torch.export say that it does not handle the module."""

from __future__ import annotations


def refusals() -> tuple[type[Exception], ...]:
    """Return the exception classes by which torch.export declares that something is not handled.

    Python control flow on values of tensors, operators without a shape function, outputs whose shape depends on
    values, and what the tracer of strict mode does not know. Classes as of PyTorch 2.13; none is public.
    """
    from torch._dynamo.exc import Unsupported
    from torch._subclasses.fake_tensor import (
        DataDependentOutputException,
        DynamicOutputShapeException,
        UnsupportedFakeTensorException,
        UnsupportedOperatorException,
    )
    from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

    return (
        Unsupported,
        DataDependentOutputException,
        DynamicOutputShapeException,
        UnsupportedFakeTensorException,
        UnsupportedOperatorException,
        GuardOnDataDependentSymNode,
    )
