"""Layers over the axes of images, signals or volumes, with channels last or first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check
from lamina.layers.base.axes import moved_last, permuted
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.rowwise import RowWise
from lamina.layers.base.windows import AXES

if TYPE_CHECKING:
    from lamina._check import Shape


class Spatial(RowWise):
    """A layer with ``_axes`` spatial axes, which ``call_rows`` finds before the channels.

    With ``data_format="channels_first"`` the channels of the input are moved to the end, and those
    of the output back.
    """

    _axes: ClassVar[int] = 2
    data_format: str

    @property
    def _first(self) -> bool:
        return self.data_format == "channels_first"

    def _inside(self, input_shape: Any) -> Any:
        shape: Shape = input_shape
        return (*shape[1:], *shape[:1]) if self._first else shape

    def _check_given(self, input_shape: Any) -> None:
        if self._first and len(input_shape) != self._axes + 1:
            names = (
                AXES[self._axes].removesuffix(", channels)").replace("(batch", "(batch, channels")
            )
            raise AxesError(
                f"{self.name}: input has shape {_check.show_shape(input_shape)}; needs "
                f"{self._axes + 2} axes {names})"
            )
        self._check_input(self._inside(input_shape))

    def _called(self, x: Any, **masks: Any) -> Any:
        if not self._first:
            return self.call_rows(x, **masks)
        there, back = moved_last((0,), self._axes + 1)
        y = self.call_rows(permuted(x, there), **masks)
        return permuted(y, back) if len(y.row_shape) > 1 else y  # else only channels are left
