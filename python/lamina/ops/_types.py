"""Types by their names: what tensors hold is floats of the graph's type, int32 and bool."""

from __future__ import annotations

from typing import Any

import numpy as np


def kind_named(who: str, dtype: Any) -> str:
    """Return "float", "int32" or "bool" for a type."""
    try:
        kind = np.dtype(dtype).kind
    except TypeError:
        kind = "f" if dtype == "bfloat16" else "?"
    if kind not in "fiub":
        raise ValueError(f"{who}: dtype must be a float, an integer type or bool; got {dtype!r}")
    return {"f": "float", "b": "bool"}.get(kind, "int32")
