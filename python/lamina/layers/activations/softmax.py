"""Softmax as a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina._check import Shape
from lamina._tensors.given import record
from lamina.layers.base.axes import axis_of_row, integers, moved_last, permuted, reshaped
from lamina.layers.base.masks import check_masks
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Softmax"]


class Softmax(RowWise):
    """``exp(x_k) / sum_j exp(x_j)`` along one axis, or over several together.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        Counted with the axis of rows: axis 1 is the first axis of a row.
    **base
        See ``Layer``.

    Notes
    -----
    Inputs hidden by a mask along such an axis are left out of the sum and get 0, regardless of
    their values.  If all inputs of a sum are hidden, all of them get 0 (as in Keras).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Softmax()([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        checked = integers("Softmax", "axis", axis)
        self.axis = checked if isinstance(axis, (list, tuple)) else checked[0]

    def _axes(self, input_shape: Shape) -> list[int]:
        given = integers(self.name, "axis", self.axis)
        return sorted({axis_of_row(self.name, axis, input_shape) for axis in given})

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the function; its axes are moved to the end and treated as one."""
        axes = self._axes(x.row_shape)
        if mask is None:
            return self._along(x, axes)
        check_masks(self.name, [x], [mask])
        if len(mask.row_shape) <= axes[0]:  # either all or none of a sum is hidden
            return self._along(x, axes)
        y = self._along(record("where", mask, x, fill=-math.inf), axes)
        # If all are hidden, the softmax is NaN; it is not used, forward or backward.
        return record("where", mask, y)

    def _along(self, x: Any, axes: list[int]) -> Any:
        there, back = moved_last(axes, len(x.row_shape))
        moved = permuted(x, there)
        shape = moved.row_shape
        cut = len(shape) - len(axes)
        flat = reshaped(moved, (*shape[:cut], math.prod(shape[cut:])))
        return permuted(reshaped(record("softmax", flat), shape), back)
