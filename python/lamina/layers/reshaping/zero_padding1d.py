"""Zero padding of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.layers.base.axes import channels_first, needs_image, padded, pair
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["ZeroPadding1D"]


class ZeroPadding1D(RowWise):
    """Add zeros before and after a sequence.

    Parameters
    ----------
    padding : int or (int, int), default 1
        Steps added at the beginning and at the end; a single number is used for both.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, steps, channels).
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, steps + before + after, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.ZeroPadding1D(1)([[[1.0], [2.0]]]).ravel()
    array([0., 1., 2., 0.], dtype=float32)
    """

    input_dtype = None

    def __init__(
        self,
        padding: int | Sequence[int] = 1,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.padding = pair("ZeroPadding1D", "padding", padding)
        self.data_format = data_format
        self._first = channels_first("ZeroPadding1D", data_format)

    def call_rows(self, x: Any) -> Any:
        """Return the longer sequence."""
        needs_image(self.name, x.row_shape, "steps", self._first)
        return padded(self.name, x, [self.padding], self._first)
