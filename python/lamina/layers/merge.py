"""Layers of several inputs, joined element by element."""

from __future__ import annotations

from typing import Any

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._masks import check_masks, spread, union
from lamina.layers.layer import Layer


class Merge(Layer):
    """Base of the layers that join their inputs element by element.

    Inputs of fewer axes, or of size 1 along one, are repeated as NumPy does.  Where every input
    has a mask, a position of the output is kept if any input keeps it; else the output has none.
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

    def record(self, graph: _core.Graph, x: Any, mask: Any = None) -> _core.Tensor:
        """Record the inputs, made equal in shape, and what joins them."""
        shape = self.compute_output_shape([tuple(tensor.shape) for tensor in x])
        inputs = [_broadcast(graph, tensor, shape) for tensor in x]
        if mask is None or all(m is None for m in mask):
            return self._join(graph, inputs)
        return self._join_masked(graph, inputs, self._masks(graph, x, mask))

    def compute_mask(self, graph: _core.Graph, x: Any, mask: Any) -> Any:
        """Return where any input counts; None unless every input has a mask."""
        if any(m is None for m in mask):
            return None
        return union(graph, self._masks(graph, x, mask), self.name)

    def _masks(self, graph: _core.Graph, x: Any, mask: Any) -> list[_core.Tensor | None]:
        """Return the masks over leading axes of the output."""
        shape = self.compute_output_shape([tuple(tensor.shape) for tensor in x])
        check_masks(self.name, x, mask)
        return [
            None if m is None else _aligned(graph, m, len(tensor.shape), shape, self.name)
            for tensor, m in zip(x, mask, strict=True)
        ]

    def _join(
        self,
        graph: _core.Graph,  # noqa: ARG002
        inputs: list[_core.Tensor],  # noqa: ARG002
    ) -> _core.Tensor:
        raise TypeError(f"{type(self).__name__}: a merge layer must define _join")

    def _join_masked(
        self,
        graph: _core.Graph,
        inputs: list[_core.Tensor],
        masks: list[_core.Tensor | None],  # noqa: ARG002
    ) -> _core.Tensor:
        # A sum does not ask what is hidden; a product and an extreme do.
        return self._join(graph, inputs)


def checked_inputs(who: str, shapes: Any) -> list[Shape]:
    """Return the shapes of at least two inputs."""
    if not isinstance(shapes, list) or len(shapes) < 2:
        raise ValueError(f"{who}: needs a list of at least 2 inputs; got {shapes!r}")
    return shapes


def _aligned(
    graph: _core.Graph, mask: _core.Tensor, rank: int, shape: Shape, who: str
) -> _core.Tensor:
    """Repeat the mask of an input of ``rank`` axes as the input is repeated to ``shape``."""
    ahead = len(shape) - rank
    target = shape[: ahead + len(mask.shape)]
    if ahead > 0:
        mask = graph.reshape(mask, (1,) * ahead + tuple(mask.shape))
    return spread(graph, mask, target, who)


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

    What a mask hides counts as 1; where all inputs have masks and none keeps a position, it is 0.

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

    def _join_masked(
        self,
        graph: _core.Graph,
        inputs: list[_core.Tensor],
        masks: list[_core.Tensor | None],
    ) -> _core.Tensor:
        pairs = zip(inputs, masks, strict=True)
        y = self._join(graph, [x if m is None else graph.where(m, x, fill=1.0) for x, m in pairs])
        if any(m is None for m in masks):
            return y
        return graph.where(union(graph, masks, self.name), y, name=self.name)


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


class Extreme(Merge):
    """Base of ``Maximum`` and ``Minimum``: an input that is hidden has no part in them."""

    def _join_masked(
        self,
        graph: _core.Graph,
        inputs: list[_core.Tensor],
        masks: list[_core.Tensor | None],
    ) -> _core.Tensor:
        # Keras's rule: where one of two is hidden the other stands in for it, and where both are,
        # the first.
        y, kept = inputs[0], masks[0]
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            other = x if mask is None else graph.where(mask, x, y)
            if kept is not None:
                y = graph.where(kept, y, other)
            both = kept is not None and mask is not None
            kept = union(graph, [kept, mask], self.name) if both else None
            y = self._join(graph, [y, other])
        return y


class Maximum(Extreme):
    """The largest of two or more inputs, element by element.

    Equal values share the gradient half and half.  An input that a mask hides has no part in it.

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


class Minimum(Extreme):
    """The smallest of two or more inputs, element by element.

    Equal values share the gradient half and half.  An input that a mask hides has no part in it.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Minimum()([[[1.0, 6.0]], [[3.0, 2.0]]])
    array([[1., 2.]], dtype=float32)
    """

    def _join(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> _core.Tensor:
        return graph.minimum(inputs, name=self.name)
