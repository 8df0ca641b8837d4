"""Layers of several inputs, joined element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers.layer import Layer


class Merge(Layer):
    """Base of the layers that join their inputs element by element.

    Inputs of fewer axes, or of size 1 along one, are repeated as NumPy does.
    """

    multiple_inputs = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape that the inputs have together."""
        shapes = checked_inputs(self.name, input_shape)
        rank = max(len(shape) for shape in shapes)
        longest = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
        result = tuple(max(sizes) for sizes in zip(*longest, strict=True))
        for shape in longest:
            if any(own not in (1, size) for own, size in zip(shape, result, strict=True)):
                shown = ", ".join(_check.show_shape(s) for s in shapes)
                raise ValueError(f"{self.name}: inputs must have one shape; got {shown}")
        return result

    def record(self, graph: _core.Graph, x: Any) -> _core.Tensor:
        """Record the inputs, made equal in shape, and what joins them."""
        shape = self.compute_output_shape([tuple(tensor.shape) for tensor in x])
        return self._join(graph, [_broadcast(graph, tensor, shape) for tensor in x])

    def _join(
        self,
        graph: _core.Graph,  # noqa: ARG002
        inputs: list[_core.Tensor],  # noqa: ARG002
    ) -> _core.Tensor:
        raise TypeError(f"{type(self).__name__}: a merge layer must define _join")


def checked_inputs(who: str, shapes: Any) -> list[Shape]:
    """Return the shapes of at least two inputs."""
    if not isinstance(shapes, list) or len(shapes) < 2:
        raise ValueError(f"{who}: needs a list of at least 2 inputs; got {shapes!r}")
    return shapes


def _broadcast(graph: _core.Graph, x: _core.Tensor, shape: Shape) -> _core.Tensor:
    own = (1,) * (len(shape) - len(x.shape)) + tuple(x.shape)
    if own != tuple(x.shape):
        x = graph.reshape(x, own)
    times = [1 if a == b else b for a, b in zip(own, shape, strict=True)]
    return x if own == shape else graph.repeat(x, times)


class Add(Merge):
    """``y = a + b + ...``, for two or more inputs.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Add()([[[1.0, 2.0]], [[10.0, 20.0]]])
    array([[11., 22.]], dtype=float32)
    """

    def _join(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> _core.Tensor:
        return graph.add(inputs, name=self.name)


class Subtract(Merge):
    """``y = a - b``, for two inputs.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Subtract()([[[11.0, 22.0]], [[1.0, 2.0]]])
    array([[10., 20.]], dtype=float32)
    """

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape that the two inputs have together."""
        if isinstance(input_shape, list) and len(input_shape) != 2:
            raise ValueError(f"{self.name}: needs 2 inputs; got {len(input_shape)}")
        return super().compute_output_shape(input_shape)

    def _join(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> _core.Tensor:
        a, b = inputs
        return graph.subtract(a, b, name=self.name)


class Multiply(Merge):
    """``y = a * b * ...``, for two or more inputs.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Multiply()([[[2.0, 3.0]], [[4.0, 5.0]]])
    array([[ 8., 15.]], dtype=float32)
    """

    def _join(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> _core.Tensor:
        return graph.multiply(inputs, name=self.name)


class Average(Merge):
    """The mean of two or more inputs, element by element.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Average()([[[1.0, 2.0]], [[3.0, 6.0]]])
    array([[2., 4.]], dtype=float32)
    """

    def _join(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> _core.Tensor:
        return graph.average(inputs, name=self.name)


class Maximum(Merge):
    """The largest of two or more inputs, element by element.

    Equal values share the gradient half and half.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Maximum()([[[1.0, 6.0]], [[3.0, 2.0]]])
    array([[3., 6.]], dtype=float32)
    """

    def _join(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> _core.Tensor:
        return graph.maximum(inputs, name=self.name)


class Concatenate(Layer):
    """Inputs one behind the other along an axis.

    Parameters
    ----------
    axis : int, default -1
        Counted with the axis of rows, which it cannot be.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Concatenate()([[[1.0, 2.0]], [[3.0]]])
    array([[1., 2., 3.]], dtype=float32)
    """

    multiple_inputs = True

    def __init__(self, axis: int = -1, **base: Any) -> None:
        super().__init__(**base)
        self.axis = _check.integer("Concatenate", "axis", axis, -_check.MAX_ELEMENTS)

    def _place(self, shape: Sequence[int]) -> int:
        from lamina.layers._axes import axis_of_row

        return axis_of_row(self.name, self.axis, tuple(shape))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape with the sizes along the axis added up."""
        shapes = checked_inputs(self.name, input_shape)
        place = self._place(shapes[0])
        others = [(*shape[:place], *shape[place + 1 :]) for shape in shapes]
        if any(len(s) != len(shapes[0]) for s in shapes) or len(set(others)) > 1:
            shown = ", ".join(_check.show_shape(s) for s in shapes)
            raise ValueError(
                f"{self.name}: inputs must agree in all axes but axis {self.axis}; got {shown}"
            )
        total = sum(shape[place] for shape in shapes)
        return (*shapes[0][:place], total, *shapes[0][place + 1 :])

    def record(self, graph: _core.Graph, x: Any) -> _core.Tensor:
        """Record the inputs moved to their places."""
        return graph.concatenate(list(x), self._place(x[0].shape), name=self.name)
