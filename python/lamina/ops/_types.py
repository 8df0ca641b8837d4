"""Types by name: tensors hold floats of the graph's type, int32 and bool."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import numpys


def kind_named(who: str, dtype: Any) -> str:
    """Return "float", "int32" or "bool" for a type."""
    dtype = numpys(dtype)
    try:
        named = isinstance(dtype, (str, type, np.dtype))
        kind = "?" if not named else "f" if dtype == "bfloat16" else np.dtype(dtype).kind
    except TypeError:
        kind = "?"
    if kind not in "fiub" or dtype is None:
        raise ValueError(f"{who}: dtype must be a float, an integer type or bool; got {dtype!r}")
    return {"f": "float", "b": "bool"}.get(kind, "int32")


def array_type(who: str, dtype: Any, default: str = "float32") -> str:
    """Return the type of a new array: "float64" if that is requested."""
    if dtype is None:
        return default
    dtype = numpys(dtype)
    kind = kind_named(who, dtype)
    if kind != "float":
        return kind
    return "float64" if dtype != "bfloat16" and np.dtype(dtype) == np.float64 else "float32"
