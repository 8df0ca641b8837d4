"""Reshape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Reshape"]


class Reshape(RowWise):
    """Reshape each row, in C order, to a shape with the same number of elements.

    Parameters
    ----------
    target_shape : tuple of int
        Without the axis of rows; one size may be -1 and is inferred from the others.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Reshape((2, -1))([[1.0, 2.0, 3.0, 4.0]])
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """

    input_dtype = None

    def __init__(self, target_shape: int | Sequence[int], **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        target = _check.shape("Reshape", "target_shape", target_shape, -1)
        if target.count(-1) > 1 or 0 in target:
            raise ValueError(
                f"Reshape: target_shape must hold positive sizes and at most one -1; got {target}"
            )
        self.target_shape = target

    def call_rows(self, x: Any) -> Any:
        """Return a view of the same values."""
        size, target = math.prod(x.row_shape), self.target_shape
        known = math.prod(s for s in target if s != -1)
        if size % known if -1 in target else size != known:
            raise ValueError(
                f"{self.name}: a row of shape {x.row_shape} has {size} elements; "
                f"target_shape {target} has another number"
            )
        return record("reshape", x, tuple(size // known if s == -1 else s for s in target))
