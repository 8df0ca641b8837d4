"""Crop sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.layers.base.axes import cropped, needs_rank, pair
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Cropping1D"]


class Cropping1D(RowWise):
    """Drop steps at the beginning and the end of a sequence.

    Parameters
    ----------
    cropping : int or (int, int), default (1, 1)
        Steps dropped at the beginning and at the end; a single number is used for both.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, steps - before - after, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Cropping1D(1)([[[1.0], [2.0], [3.0], [4.0]]]).ravel()
    array([2., 3.], dtype=float32)
    """

    input_dtype = None

    def __init__(
        self, cropping: int | Sequence[int] = (1, 1), **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        self.cropping = pair("Cropping1D", "cropping", cropping)

    def call_rows(self, x: Any) -> Any:
        """Return the steps between."""
        needs_rank(self.name, x.row_shape, 2, "steps, channels")
        return cropped(self.name, x, [self.cropping], False)
