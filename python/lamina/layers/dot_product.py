"""Dot."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class Dot(Layer):
    r"""Dot products of the vectors along one axis of each of two inputs, row by row.

    .. math:: y_{n\,i\,j} = \sum_k a_{n\,i\,k}\, b_{n\,j\,k}

    Parameters
    ----------
    axes : int or pair of int
        The axis of ``a`` and that of ``b`` which are summed over, counted with the axis of rows,
        which they cannot be.  One integer stands for both.
    normalize : bool, default False
        Whether vectors are first divided by their lengths, or by 1e-7 where they are shorter: the
        result is their cosine.
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
    Shapes: a (rows, ..., size, ...), b (rows, ..., size, ...), y (rows, the other axes of a, the
    other axes of b), or (rows, 1) where there are no others.  Masks end here.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Dot(axes=1)([[[1.0, 2.0]], [[3.0, 4.0]]])
    array([[11.]], dtype=float32)
    >>> lamina.layers.Dot(axes=1, normalize=True)([[[1.0, 0.0]], [[3.0, 4.0]]])
    array([[0.6]], dtype=float32)
    """

    multiple_inputs = True

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
        """Return the axes' places in the rows' shapes."""
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
                f"{self.name}: inputs must have one size along axes {self.axes}; got {shown}"
            )
        return first, second

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the other axes of both inputs."""
        places = self._places(input_shape)
        pairs = zip(input_shape, places, strict=True)
        a, b = ((*shape[:place], *shape[place + 1 :]) for shape, place in pairs)
        return (*a, *b) or (1,)

    def record(self, graph: _core.Graph, x: Any) -> _core.Tensor:
        """Record one product of two matrices a row."""
        shapes = [tuple(tensor.shape) for tensor in x]
        pairs = zip(x, self._places(shapes), strict=True)
        (a, a_lies), (b, b_lies) = (self._matrix(graph, tensor, place) for tensor, place in pairs)
        y = graph.dot(a, b, transpose_a=a_lies, transpose_b=not b_lies, name=self.name)
        return graph.reshape(y, self.compute_output_shape(shapes), name=self.name)

    def _matrix(self, graph: _core.Graph, x: _core.Tensor, place: int) -> tuple[_core.Tensor, bool]:
        """Return (vectors, size) and False, or, where it lies so already, (size, vectors), True."""
        shape = tuple(x.shape)
        before, size, behind = prod(shape[:place]), shape[place], prod(shape[place + 1 :])
        if before == 1 and behind > 1 and not self.normalize:
            return graph.reshape(x, (size, behind)), True
        if behind > 1:
            x = graph.permute(graph.reshape(x, (before, size, behind)), [0, 2, 1], name=self.name)
        x = graph.reshape(x, (before * behind, size))
        return graph.unit_rows(x, name=self.name) if self.normalize else x, False
