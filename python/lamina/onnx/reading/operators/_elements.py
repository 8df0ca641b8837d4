"""Element-wise functions of tensors and of views with another order of axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors import Tensor
from lamina.onnx.reading.views import View, opened, plain, rank, sizes, stored_in, viewed


def one(function: Callable[..., Any], x: Any) -> Any:
    """Return a function of each element."""
    stored, order = opened(x)
    return viewed(function(stored), order)


def several(function: Callable[..., Any], *xs: Any) -> Any:
    """Return a function of tensors that broadcast by NumPy's rules, as ``function`` applies them.

    They are read in the stored order of the first view among them.
    """
    view = next((x for x in xs if isinstance(x, View)), None)
    axes = max(rank(x) for x in xs)
    if view is None or len(view.order) < axes:
        return function(*(plain(x) for x in xs))
    order = view.order
    return viewed(function(*(_placed(x, order) for x in xs)), order)


def _placed(x: Any, order: tuple[int, ...]) -> Any:
    """Return x for broadcasting with tensors that are stored in an order."""
    missing = len(order) - rank(x)
    if missing and all(size == 1 for size in x.shape):
        return ops.reshape(x, ()) if not (isinstance(x, Tensor) and x.rows) else x
    if missing:
        x = wider(x, len(order))
    return stored_in(x, order)


def wider(x: Any, axes: int) -> Any:
    """Return x with axes of size 1 in front."""
    missing = axes - rank(x)
    if missing <= 0:
        return x
    if isinstance(x, np.ndarray):
        return x.reshape((1,) * missing + x.shape)
    if isinstance(x, Tensor) and x.rows:
        return ops.expand_dims(x, tuple(range(missing)))
    return ops.reshape(x, (1,) * missing + tuple(sizes(x)))


def is_integer(*xs: Any) -> bool:
    """Return whether all are integers."""
    kinds = [x.stored if isinstance(x, View) else x for x in xs]
    return all("int" in str(ops.dtype(x)) for x in kinds)
