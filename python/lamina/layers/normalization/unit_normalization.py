"""Normalisation to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from lamina import ops
from lamina._tensors.given import given, record
from lamina.layers.base.axes import axis_of_row, integers, moved_last
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["UnitNormalization"]


class UnitNormalization(Layer):
    """``x / sqrt(sum x^2)``: scale each row to length 1, leaving rows of zeros unchanged.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        Axes over which the squares are summed, counted with the axis of rows, which cannot be one
        of them.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.UnitNormalization()([[3.0, 4.0]])
    array([[0.6, 0.8]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        checked = integers("UnitNormalization", "axis", axis)
        self.axis = checked if isinstance(axis, (list, tuple)) else checked[0]

    def call(self, x: Any) -> Any:
        """Return the scaled rows; their axes are moved to the end and treated as one."""
        x = given(x)
        places = integers(self.name, "axis", self.axis)
        axes = sorted({axis_of_row(self.name, axis, x.shape[1:]) for axis in places})
        there, back = ([0, *(a + 1 for a in o)] for o in moved_last(axes, x.ndim - 1))
        moved = ops.transpose(x, there)
        lead = x.ndim - len(axes)
        flat = ops.reshape(moved, (*ops.shape(moved)[:lead], prod(moved.shape[lead:])))
        return ops.transpose(ops.reshape(record("unit_rows", flat), ops.shape(moved)), back)
