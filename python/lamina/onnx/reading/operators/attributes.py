"""Constants, and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import known_array, operator


@operator("Constant")
def constant(node: Node) -> Any:
    """Return the value of the attributes."""
    value = node.tensor("value")
    if value is not None:
        return value
    for name, kind in (("value_float", np.float32), ("value_int", np.int64),
                       ("value_floats", np.float32), ("value_ints", np.int64)):  # fmt: skip
        if name in node.attributes:
            return np.array(node.attributes[name], kind)
    raise ValueError("the constant must be a tensor of numbers")


@operator("Range", known=(0, 1, 2))
def span(_: Node, start: Any, limit: Any, delta: Any) -> Any:
    """Raise: the number of elements depends on values (see ``known.py`` for known values)."""
    for value, name in ((start, "start"), (limit, "limit"), (delta, "delta")):
        known_array(value, name)
    raise ValueError("start, limit and delta must be numbers")
