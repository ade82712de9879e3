"""The module onnx.mapping, which ONNX 1.19 removed and TVM 0.19's ONNX front end still imports."""

from __future__ import annotations

import sys
import types


def provide() -> None:
    """Make `from onnx.mapping import TENSOR_TYPE_TO_NP_TYPE` work, with the types that are NumPy's own and no more.

    TVM 0.19 reads nothing else of the module. ONNX up to 1.18 has it, so that this can go if the pin goes below.
    """
    try:
        import onnx.mapping  # noqa: F401
    except ImportError:
        from onnx import TensorProto, helper

        known = set(TensorProto.DataType.values()) & set(helper.get_all_tensor_dtypes())
        dtypes = {number: helper.tensor_dtype_to_np_dtype(number) for number in known}
        module = types.ModuleType("onnx.mapping")
        module.TENSOR_TYPE_TO_NP_TYPE = {n: t for n, t in dtypes.items() if t.isbuiltin == 1}
        sys.modules["onnx.mapping"] = module
