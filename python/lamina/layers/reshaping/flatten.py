"""Flatten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lamina._tensors.given import record
from lamina.layers.base.axes import channels_first, moved_last, permuted
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Flatten"]


class Flatten(RowWise):
    """Turn each row into one axis: (rows, 28, 28) into (rows, 784), in C order.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With channels_first, channels are first moved to the last axis of a row.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Flatten()([[[1.0, 2.0], [3.0, 4.0]]])
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    input_dtype = None

    def __init__(self, data_format: str | None = None, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.data_format = data_format
        self._first = channels_first("Flatten", data_format)

    drops = "gives one row of numbers; put it behind the layers that need the axes"

    def call_rows(self, x: Any) -> Any:
        """Return a view of the same values; channels that come first are moved."""
        axes = len(x.row_shape)
        if self._first and axes > 1:
            x = permuted(x, moved_last([0], axes)[0])
        return record("reshape", x, (math.prod(x.row_shape),))
