"""Concatenate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import record
from lamina.layers.base.any_type import alike
from lamina.layers.base.axes import axis_of_row
from lamina.layers.base.masks import check_masks, joined, trailing_ones
from lamina.layers.base.node import as_list
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Concatenate"]


class Concatenate(RowWise):
    """Concatenate inputs along an axis.

    Masks of the inputs are concatenated too if they have that axis, such as the axis of steps; an
    input without a mask counts as fully visible.  Along another axis, such as that of the features,
    a position is kept if any input keeps it.

    Parameters
    ----------
    axis : int, default -1
        Counted with the axis of rows, along which concatenation is not possible.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Concatenate()([[[1.0, 2.0]], [[3.0]]])
    array([[1., 2., 3.]], dtype=float32)
    """

    input_dtype = None
    multiple_inputs = True
    needs_list = True

    def __init__(self, axis: int = -1, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.axis = _check.integer("Concatenate", "axis", axis, -_check.MAX_ELEMENTS)

    def _place(self, shape: Sequence[int]) -> int:
        return axis_of_row(self.name, self.axis, tuple(shape))

    def call_rows(self, x: Any, mask: Any = None) -> Any:  # noqa: ARG002
        """Return the concatenated inputs."""
        x = as_list(x)
        shapes = [tensor.row_shape for tensor in x]
        place = self._place(shapes[0])
        others = [(*shape[:place], *shape[place + 1 :]) for shape in shapes]
        if any(len(s) != len(shapes[0]) for s in shapes) or len(set(others)) > 1:
            shown = ", ".join(_check.show_shape(s) for s in shapes)
            raise ValueError(
                f"{self.name}: inputs must agree in all axes except axis {self.axis}; got {shown}"
            )
        return record("concatenate", alike(x), place)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the concatenated masks, or None where every position is kept."""
        if mask is None:
            return None
        inputs, mask = as_list(inputs), as_list(mask)
        check_masks(self.name, inputs, mask)
        ranks = [len(m.row_shape) for m in mask if m is not None]
        place, rank = self._place(inputs[0].row_shape), max(ranks, default=0)
        along = place < rank
        if not ranks or (not along and len(ranks) < len(mask)):
            return None
        alike = [m if m is None else trailing_ones(m, rank) for m in mask]
        shapes = [tensor.row_shape[:rank] for tensor in inputs]
        return joined(alike, shapes, place if along else None)
