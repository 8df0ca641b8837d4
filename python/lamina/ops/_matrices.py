"""Functions of matrices computed by NumPy, as operations on the last two axes, by LAPACK.

Within a model NumPy is called for each batch.  The gradient, where there is a formula, is that of
the exact result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from lamina._tensors.given import all_rows, by_rows, each_row, given
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import elementwise, floats
from lamina.ops.shaping import reshape
from lamina.ops.splitting import part


def transposed(x: Any) -> Any:
    """Return an array with its last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def symmetric(x: Any) -> Any:
    """Return the symmetric part of matrices."""
    return 0.5 * (x + transposed(x))


def matrices(who: str, x: Any) -> Tensor:
    """Return a tensor of matrices that do not include the axis of rows."""
    tensor: Tensor = floats(given(x))
    if tensor.ndim < 2:
        raise ValueError(f"{who}: needs matrices; got {shown(tensor)}")
    return all_rows(tensor) if tensor.rows and tensor.ndim == 2 else tensor


def square(who: str, x: Any) -> Tensor:
    """Return a tensor of square matrices that do not include the axis of rows."""
    tensor = matrices(who, x)
    if tensor.value.shape[-1] != tensor.value.shape[-2]:
        raise ValueError(f"{who}: matrices must be square; got {shown(tensor)}")
    return tensor


def alike(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors that either all have rows, or none."""
    if not any(t.rows for t in tensors) or all(t.rows for t in tensors):
        return list(tensors)
    if any(t.rows and t.ndim == 2 for t in tensors):
        return [all_rows(t) for t in tensors]
    most = max(t.ndim for t in tensors)
    return [t if t.rows else by_rows(t) if t.ndim == most else each_row(t) for t in tensors]


def called(
    who: str,
    tensors: Sequence[Tensor],
    shapes: Sequence[Sequence[int]],
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
) -> list[Tensor]:
    """Record a function of arrays, with the axis of rows first, and its gradient function.

    ``shapes`` are the shapes of a row of each result; the engine stores the results as one.
    """
    sizes = [prod(shape) for shape in shapes]
    ends = np.cumsum(sizes)[:-1]

    def all_at_once(*arrays: Any) -> Any:
        try:
            made = forward(*arrays)
        except np.linalg.LinAlgError as error:
            raise ValueError(f"{who}: {error}") from None
        made = made if isinstance(made, tuple) else (made,)
        return np.concatenate([each.reshape(len(arrays[0]), -1) for each in made], 1)

    def gradients(dy: Any, *arrays: Any) -> Any:
        assert backward is not None
        rows = len(dy)
        parts = [
            each.reshape(rows, *shape)
            for each, shape in zip(np.split(dy, ends, 1), shapes, strict=True)
        ]
        made = backward(parts, *arrays)
        return made if isinstance(made, tuple) else (made,)

    recording = tensors[0].recording
    # Python is called with values, not weights.
    tensors = [t if t.rows else elementwise("copy", t) for t in tensors]
    value = recording.graph.python(
        [t.value for t in tensors], (int(sum(sizes)),), all_at_once,
        None if backward is None else gradients, name=who,
    )  # fmt: skip
    y, found, start = Tensor(recording, value), [], 0
    for size, shape in zip(sizes, shapes, strict=True):
        piece = part(y, y.ndim - 1, start, size) if len(sizes) > 1 else y
        found.append(reshape(piece, (-1, *shape) if y.rows else tuple(shape)))
        start += size
    return found
