"""Layers that combine several inputs element by element."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from lamina import _check
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina._tensors.given import record
from lamina.layers.base.any_type import alike, as_floats, in_own_type, of_floats
from lamina.layers.base.axes import reshaped
from lamina.layers.base.masks import check_masks, spread, union
from lamina.layers.base.node import as_list
from lamina.layers.base.rowwise import RowWise

__all__ = ["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]


class Merge(RowWise):
    """Base of the layers that combine their inputs element by element.

    Inputs with fewer axes, or with size 1 along an axis, are broadcast as in NumPy.  If every input
    has a mask, a position of the output is kept if any input keeps it; otherwise the output has no
    mask.
    """

    input_dtype = None
    new_numbers = True
    multiple_inputs = True
    needs_list = True

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the combined inputs, broadcast to the same shape."""
        inputs, mask = as_list(x), as_list(mask)
        shape = self._joint_shape([tensor.row_shape for tensor in inputs])
        aligned = [_with_rank(len(shape), tensor) for tensor in alike(inputs)]
        if all(m is None for m in mask):
            return self._join(aligned)
        repeated = [_repeated(tensor, shape) for tensor in aligned]
        return self._join_masked(repeated, self._masks(inputs, mask))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where any input is kept; None unless every input has a mask."""
        if any(m is None for m in as_list(mask)):
            return None
        return union(self._masks(as_list(inputs), as_list(mask)))

    def _joint_shape(self, shapes: Sequence[Shape]) -> Shape:
        rank = max(len(shape) for shape in shapes)
        longest = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
        result = tuple(max(sizes) for sizes in zip(*longest, strict=True))
        for shape in longest:
            if any(own not in (1, size) for own, size in zip(shape, result, strict=True)):
                shown = ", ".join(_check.show_shape(s) for s in shapes)
                raise ValueError(f"{self.name}: inputs must have the same shape; got {shown}")
        return result

    def _masks(self, x: Sequence[Tensor], mask: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Return the masks over leading axes of the output."""
        shape = self._joint_shape([tensor.row_shape for tensor in x])
        check_masks(self.name, x, mask)
        pairs = zip(x, mask, strict=True)
        return [None if m is None else _aligned(m, len(t.row_shape), shape) for t, m in pairs]

    def _join(self, inputs: list[Tensor]) -> Tensor:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__}: a merge layer must define _join")

    def _join_masked(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:  # noqa: ARG002
        # Sums ignore masks; products and extremes take them into account.
        return self._join(inputs)


def _aligned(mask: Tensor, rank: int, shape: Shape) -> Tensor:
    """Repeat the mask of an input with ``rank`` axes as the input is repeated to ``shape``."""
    ahead = len(shape) - rank
    target = shape[: ahead + len(mask.row_shape)]
    if ahead > 0:
        mask = reshaped(mask, (1,) * ahead + mask.row_shape)
    return spread(mask, target)


def _with_rank(rank: int, x: Tensor) -> Tensor:
    ahead = rank - len(x.row_shape)
    return reshaped(x, (1,) * ahead + x.row_shape) if ahead > 0 else x


def _repeated(x: Tensor, shape: Shape) -> Tensor:
    times = [1 if a == b else b for a, b in zip(x.row_shape, shape, strict=True)]
    return Tensor(x.recording, x.recording.graph.repeat(x.value, times))


def _by_kernel(inputs: Sequence[Tensor]) -> bool:
    # The engine's kernels take floating-point tensors of one shape.
    return len({tensor.row_shape for tensor in inputs}) == 1 and of_floats(inputs[0])


def _combined(name: str, inputs: Sequence[Tensor]) -> Any:
    """Return the inputs combined by an operation, which broadcasts them if their shapes differ."""
    if _by_kernel(inputs):
        return record(name, inputs)
    from lamina import ops

    return reduce(getattr(ops, name), inputs)


def _where(mask: Tensor, x: Tensor, *others: Tensor, **fill: float) -> Tensor:
    """Return x where the mask is true, elsewhere another tensor of its type, or a number."""
    rest = [as_floats(other) for other in others]
    return in_own_type(lambda x: record("where", mask, x, *rest, **fill), x)


class Add(Merge):
    """``y = a + b + ...``, for any number of inputs.

    Parameters
    ----------
    **base
        ``name``, ``dtype``, ``activity_regularizer`` and the other arguments of ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Add()([[[1.0, 2.0]], [[10.0, 20.0]]])
    array([[11., 22.]], dtype=float32)
    """

    def _join(self, inputs: list[Tensor]) -> Tensor:
        return _combined("add", inputs)  # type: ignore[no-any-return]


class Subtract(Merge):
    """``y = a - b``, for two inputs.

    Parameters
    ----------
    **base
        ``name``, ``dtype``, ``activity_regularizer`` and the other arguments of ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Subtract()([[[11.0, 22.0]], [[1.0, 2.0]]])
    array([[10., 20.]], dtype=float32)
    """

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the difference."""
        if len(as_list(x)) != 2:
            raise ValueError(f"{self.name}: needs 2 inputs; got {len(as_list(x))}")
        return super().call_rows(x, mask)

    def _join(self, inputs: list[Tensor]) -> Tensor:
        a, b = inputs
        return record("subtract", a, b) if _by_kernel(inputs) else a - b


class Multiply(Merge):
    """``y = a * b * ...``, for any number of inputs.

    Hidden values count as 1; if all inputs have masks and none keeps a position, it is 0.

    Parameters
    ----------
    **base
        ``name``, ``dtype``, ``activity_regularizer`` and the other arguments of ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Multiply()([[[2.0, 3.0]], [[4.0, 5.0]]])
    array([[ 8., 15.]], dtype=float32)
    """

    def _join(self, inputs: list[Tensor]) -> Tensor:
        return _combined("multiply", inputs)  # type: ignore[no-any-return]

    def _join_masked(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        pairs = zip(inputs, masks, strict=True)
        y = self._join([x if m is None else _where(m, x, fill=1.0) for x, m in pairs])
        if any(m is None for m in masks):
            return y
        return _where(union(masks), y)


class Average(Merge):
    """The mean of any number of inputs, element by element.

    Parameters
    ----------
    **base
        ``name``, ``dtype``, ``activity_regularizer`` and the other arguments of ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Average()([[[1.0, 2.0]], [[3.0, 6.0]]])
    array([[2., 4.]], dtype=float32)
    """

    def _join(self, inputs: list[Tensor]) -> Tensor:
        inputs = [as_floats(tensor) for tensor in inputs]
        if _by_kernel(inputs):
            return record("average", inputs)  # type: ignore[no-any-return]
        return _combined("add", inputs) * (1.0 / len(inputs))  # type: ignore[no-any-return]


class Extreme(Merge):
    """Base of ``Maximum`` and ``Minimum``: hidden inputs are ignored."""

    new_numbers = False

    def _join_masked(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        # As in Keras: if one of two inputs is hidden the other is taken, and if both are, the
        # first.
        y, kept = inputs[0], masks[0]
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            other = x if mask is None else _where(mask, x, y)
            if kept is not None:
                y = _where(kept, y, other)
            both = kept is not None and mask is not None
            kept = union([kept, mask]) if both else None
            y = self._join([y, other])
        return y


class Maximum(Extreme):
    """The largest of any number of inputs, element by element.

    Equal values share the gradient equally.  Inputs hidden by a mask are ignored.

    Parameters
    ----------
    **base
        ``name``, ``dtype``, ``activity_regularizer`` and the other arguments of ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Maximum()([[[1.0, 6.0]], [[3.0, 2.0]]])
    array([[3., 6.]], dtype=float32)
    """

    def _join(self, inputs: list[Tensor]) -> Tensor:
        return _combined("maximum", inputs)  # type: ignore[no-any-return]


class Minimum(Extreme):
    """The smallest of any number of inputs, element by element.

    Equal values share the gradient equally.  Inputs hidden by a mask are ignored.

    Parameters
    ----------
    **base
        ``name``, ``dtype``, ``activity_regularizer`` and the other arguments of ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Minimum()([[[1.0, 6.0]], [[3.0, 2.0]]])
    array([[1., 2.]], dtype=float32)
    """

    def _join(self, inputs: list[Tensor]) -> Tensor:
        return _combined("minimum", inputs)  # type: ignore[no-any-return]
