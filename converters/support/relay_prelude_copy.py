"""TVM's standard definitions, made once and copied into every module that TVM's PyTorch front end starts."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def install() -> None:
    """Make tvm.relay.prelude.Prelude copy its definitions instead of building them anew.

    TVM 0.19 parses and builds 240 functions for lists and tensor arrays of nine dtypes at every call of from_pytorch,
    a tenth of a second, and drops those that the model does not use, nearly always all. Functions and types are
    immutable, so that modules can share them; harness/test_relay_prelude_copy.py compares the modules that come out.
    """
    from tvm import IRModule
    from tvm.relay.prelude import Prelude

    stock = Prelude.load_prelude

    @functools.cache
    def definitions() -> tuple[Any, dict[str, Any]]:
        made = Prelude.__new__(Prelude)
        made.mod = IRModule()
        stock(made)
        return made.mod, {name: value for name, value in vars(made).items() if name != "mod"}

    def load_prelude(prelude: Any) -> None:
        module, names = definitions()
        prelude.mod.update(module)
        vars(prelude).update(names)

    Prelude.load_prelude = load_prelude
