"""Rejects subinterpreters immediately: the compiled core would wait there forever for the GIL.

NumPy, OpenMP's threads and the bindings keep one state per process, which belongs to the main
interpreter.
"""

from __future__ import annotations

import importlib
from typing import Any


def in_subinterpreter() -> bool:
    """Return whether the running interpreter is not the first one of the process."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # the names in 3.13 and in older versions
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return bool(module.get_current() != module.get_main())
    return False  # without the module Python cannot have made one


if in_subinterpreter():
    raise ImportError(
        "lamina: must be imported in the main interpreter; got a subinterpreter, where neither "
        "NumPy nor lamina's compiled core can run. Use threads (the kernels run without the GIL) "
        "or processes"
    )
