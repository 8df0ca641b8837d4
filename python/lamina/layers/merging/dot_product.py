"""Dot."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina._tensors.given import record
from lamina.layers.base.axes import reshaped
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Dot"]


class Dot(RowWise):
    r"""Dot products of the vectors along one axis of each of two inputs, row by row.

    .. math:: y_{n\,i\,j} = \sum_k a_{n\,i\,k}\, b_{n\,j\,k}

    Parameters
    ----------
    axes : int or pair of int
        The axes of ``a`` and ``b`` to sum over, counted with the axis of rows, which cannot be one.
        An integer is used for both.
    normalize : bool, default False
        Whether vectors are first divided by their lengths (by at least 1e-7), so that the result is
        their cosine.
    **base
        See ``Layer``.

    Raises
    ------
    TypeError
        If ``axes`` is neither an integer nor a list or tuple of integers.
    ValueError
        If there are not two inputs, or their sizes along the axes differ.

    Notes
    -----
    Shapes: a (rows, ..., size, ...), b (rows, ..., size, ...), y (rows, other axes of a, other axes
    of b), or (rows, 1) if there are no others.  Masks are not passed on.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Dot(axes=1)([[[1.0, 2.0]], [[3.0, 4.0]]])
    array([[11.]], dtype=float32)
    >>> lamina.layers.Dot(axes=1, normalize=True)([[[1.0, 0.0]], [[3.0, 4.0]]])
    array([[0.6]], dtype=float32)
    """

    multiple_inputs = True
    needs_list = True

    def __init__(
        self,
        axes: int | tuple[int, int] | list[int],
        normalize: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who, lowest = "Dot", -_check.MAX_ELEMENTS
        both = list(axes) if isinstance(axes, (list, tuple)) else [axes, axes]
        if len(both) != 2:
            raise ValueError(f"{who}: axes must be an integer or a pair of them; got {axes!r}")
        pair = [_check.integer(who, "axes", axis, lowest) for axis in both]
        if 0 in pair:
            raise ValueError(f"{who}: axes must not be 0, the axis of rows; got {axes!r}")
        self.axes = tuple(pair) if isinstance(axes, (list, tuple)) else pair[0]
        self.normalize = _check.boolean(who, "normalize", normalize)

    def _places(self, shapes: Any) -> tuple[int, int]:
        """Return the positions of the axes in the shapes of rows."""
        if not isinstance(shapes, list) or len(shapes) != 2:
            count = len(shapes) if isinstance(shapes, list) else 1
            raise ValueError(f"{self.name}: needs a list of 2 inputs; got {count}")
        pair = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        shown = " and ".join(_check.show_shape(shape) for shape in shapes)
        places = []
        for axis, shape in zip(pair, shapes, strict=True):
            place = axis - 1 if axis > 0 else len(shape) + axis
            if not 0 <= place < len(shape):
                raise ValueError(
                    f"{self.name}: axes must be axes of the inputs other than the rows; "
                    f"got {self.axes} for inputs {shown}"
                )
            places.append(place)
        first, second = places
        if shapes[0][first] != shapes[1][second]:
            raise ValueError(
                f"{self.name}: inputs must have the same size along axes {self.axes}; got {shown}"
            )
        return first, second

    def call_rows(self, x: Any) -> Any:
        """Return one product of two matrices per row, with the other axes of both inputs."""
        shapes = [tensor.row_shape for tensor in x] if isinstance(x, list) else x.row_shape
        pairs = zip(x, self._places(shapes), strict=True)
        (a, a_lies, a_others), (b, b_lies, b_others) = (self._matrix(*pair) for pair in pairs)
        y = record("dot", a, b, transpose_a=a_lies, transpose_b=not b_lies)
        return record("reshape", y, (*a_others, *b_others) or (1,))

    def _matrix(self, x: Tensor, place: int) -> tuple[Tensor, bool, Shape]:
        """Return (vectors, size) and False, or, if already laid out so, (size, vectors) and True.

        They are followed by the axes of the vectors.
        """
        shape = x.row_shape
        others = (*shape[:place], *shape[place + 1 :])
        before, size, behind = prod(shape[:place]), shape[place], prod(shape[place + 1 :])
        if before == 1 and behind > 1 and not self.normalize:
            return reshaped(x, (size, behind)), True, others
        if behind > 1:
            x = record("permute", reshaped(x, (before, size, behind)), [0, 2, 1])
        x = reshaped(x, (before * behind, size))
        return record("unit_rows", x) if self.normalize else x, False, others
