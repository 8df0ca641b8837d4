"""Refuses subinterpreters at once: the compiled core would wait there for ever for the GIL.

NumPy, OpenMP's threads and the bindings keep one state a process, which belongs to the main
interpreter.
"""

from __future__ import annotations

import importlib
from typing import Any


def in_subinterpreter() -> bool:
    """Return whether the interpreter that runs this is not the process's first one."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # as 3.13 and older versions call it
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return bool(module.get_current() != module.get_main())
    return False  # no module, so no such interpreter made by Python


if in_subinterpreter():
    raise ImportError(
        "lamina: must be imported in the main interpreter; got a subinterpreter, where neither "
        "NumPy nor lamina's compiled core can run. Use threads (the kernels run without the GIL) "
        "or processes"
    )
