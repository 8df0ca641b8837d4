"""Combining inputs: sum, difference, product, maximum, minimum, concatenation, dot products.

Every function raises ``ValueError`` if shapes or a choice do not fit, and ``TypeError`` if
arrays' dtypes differ or are not real numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina._check import boolean
from lamina.kernels._arguments import axis_of, choice, several, shape_of, wholes
from lamina.kernels._arrays import permuted
from lamina.kernels._operation import Given, backward, forward

Array = NDArray[Any]


def combine_forward(a: ArrayLike, b: ArrayLike, kind: str) -> Array:
    """Combine two arrays element by element.

    Parameters
    ----------
    a, b : array_like
        Inputs of the same shape.
    kind : {"add", "subtract", "multiply", "maximum", "minimum"}
        ``a + b``, ``a - b``, ``a b``, or the larger or smaller of the two (NaN if either is).

    Returns
    -------
    ndarray of the shape of `a`

    Raises
    ------
    ValueError
        If the shapes differ or `kind` is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.combine_forward(np.array([1.0, 5.0]), np.array([2.0, 3.0]), "maximum")
    array([2., 5.])
    """
    who = "combine_forward"
    return forward(who, *_combined(who, kind, a, b))[0]


def combine_backward(dy: ArrayLike, a: ArrayLike, b: ArrayLike, kind: str) -> tuple[Array, Array]:
    """Gradients at both inputs of `combine_forward`.

    For a maximum or minimum of equal values, each gets half of the gradient.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    a, b : array_like of the shape of `dy`
        As in the forward pass.
    kind : str
        As in the forward pass.

    Returns
    -------
    da, db : ndarray

    Raises
    ------
    ValueError
        If the shapes differ or `kind` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> da, db = kernels.combine_backward(np.ones(1), np.array([2.0]), np.array([3.0]), "multiply")
    >>> da, db
    (array([3.]), array([2.]))
    """
    who = "combine_backward"
    operation, arrays = _combined(who, kind, a, b)
    da, db = backward(who, operation, [("gradient", "dy", dy, "of a"), *arrays], ["a", "b"])
    return da, db


def _combined(who: str, kind: str, a: ArrayLike, b: ArrayLike) -> tuple[str, Given]:
    choice(who, "kind", kind, ("add", "subtract", "multiply", "maximum", "minimum"))
    roles = ("a", "b") if kind == "subtract" else ("inputs", "inputs")
    return kind, [(roles[0], "a", a, "(...)"), (roles[1], "b", b, "of a")]


def concatenate_forward(arrays: Sequence[ArrayLike], axis: int = -1) -> Array:
    """Concatenate arrays along one axis.

    Parameters
    ----------
    arrays : sequence of array_like
        At least one; their shapes may only differ along `axis`.
    axis : int, default -1
        The axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If there is no array, or shapes differ along another axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.concatenate_forward([np.zeros((1, 2)), np.ones((1, 1))])
    array([[0., 0., 1.]])
    """
    who = "concatenate_forward"
    arrays = several(who, "arrays", arrays, "arrays")
    shapes = [shape_of(who, f"arrays[{i}]", x) for i, x in enumerate(arrays)]
    if not shapes:
        raise ValueError(f"{who}: arrays must hold at least one array; got none")
    k = axis_of(who, axis, len(shapes[0]))
    for shape in shapes:
        same = len(shape) == len(shapes[0])
        if not same or shape[:k] + shape[k + 1 :] != shapes[0][:k] + shapes[0][k + 1 :]:
            raise ValueError(f"{who}: arrays must differ along axis {axis} alone; got {shapes}")
    total = sum(shape[k] for shape in shapes)
    outer, inner = prod(shapes[0][:k]), prod(shapes[0][k + 1 :])
    parts, start = [], 0
    for x, shape in zip(arrays, shapes, strict=True):
        run = shape[k] * inner
        parts.append((x, start, 0, (outer, run), (total * inner, 1), (run, 1)))
        start += run
    result = (*shapes[0][:k], total, *shapes[0][k + 1 :])
    return _core.kernels.moved(who, result, parts, False, False)


def concatenate_backward(dy: ArrayLike, sizes: Sequence[int], axis: int = -1) -> tuple[Array, ...]:
    """Gradients at the inputs of `concatenate_forward`: their parts of `dy`.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    sizes : sequence of int
        The inputs' lengths along the axis, in order.
    axis : int, default -1
        The axis.

    Returns
    -------
    tuple of ndarray

    Raises
    ------
    ValueError
        If the sizes do not add up to the axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.concatenate_backward(np.array([[1.0, 2.0, 3.0]]), [2, 1])
    (array([[1., 2.]]), array([[3.]]))
    """
    who = "concatenate_backward"
    shape = shape_of(who, "dy", dy)
    k = axis_of(who, axis, len(shape))
    lengths = wholes(who, "sizes", sizes, 0)
    if sum(lengths) != shape[k]:
        raise ValueError(
            f"{who}: sizes must add up to {shape[k]}, axis {axis} of dy; got {sizes!r}"
        )
    outer, inner = prod(shape[:k]), prod(shape[k + 1 :])
    gradients, start = [], 0
    for length in lengths:
        run = length * inner
        part = (dy, 0, start, (outer, run), (run, 1), (shape[k] * inner, 1))
        result = (*shape[:k], length, *shape[k + 1 :])
        gradients.append(_core.kernels.moved(who, result, [part], False, False))
        start += run
    return tuple(gradients)


class _Rows:
    """A factor of a dot product as rows, (batch, rows, length), and the inverse operation."""

    def __init__(self, who: str, x: ArrayLike, axis: int, normalize: bool) -> None:
        self.who, rank = who, np.ndim(x)
        k = axis_of(who, axis, rank, "axes")
        if k == 0:
            raise ValueError(f"{who}: axes must not name the batch axis, 0; got {axis!r}")
        self.order = (*(i for i in range(rank) if i != k), k)
        moved = permuted(who, x, np.shape(x), self.order) if k != rank - 1 else np.asarray(x)
        self.shape = moved.shape
        self.raw = moved.reshape(self.shape[0], prod(self.shape[1:-1]), self.shape[-1])
        self.rows = _core.kernels.unit_rows_forward(self.raw) if normalize else self.raw

    @property
    def free(self) -> tuple[int, ...]:
        return self.shape[1:-1]

    def gradient(self, rows: Array, normalize: bool) -> Array:
        if normalize:
            rows = _core.kernels.unit_rows_backward(rows, self.raw)
        inverse = tuple(int(i) for i in np.argsort(self.order))
        moved = rows.reshape(self.shape)
        if inverse == tuple(range(len(inverse))):
            return moved
        return permuted(self.who, moved, self.shape, inverse)


def _sides(
    who: str, a: ArrayLike, b: ArrayLike, axes: int | tuple[int, int], normalize: bool
) -> tuple[_Rows, _Rows, tuple[int, ...]]:
    """Return both factors as rows, and the shape of the result."""
    boolean(who, "normalize", normalize)
    for name, x in (("a", a), ("b", b)):
        if len(shape := shape_of(who, name, x)) < 2:
            raise ValueError(f"{who}: {name} must have a batch axis and another; got {shape}")
    pair = axes if isinstance(axes, (tuple, list)) else (axes, axes)
    if len(pair) != 2:
        raise ValueError(f"{who}: axes must be an integer or 2 of them; got {axes!r}")
    first, second = pair
    left, right = _Rows(who, a, first, normalize), _Rows(who, b, second, normalize)
    if left.shape[0] != right.shape[0] or left.shape[-1] != right.shape[-1]:
        raise ValueError(
            f"{who}: a and b must have one batch size and one length along axes {axes!r}; "
            f"got shapes {np.shape(a)} and {np.shape(b)}"
        )
    return left, right, (left.shape[0], *((*left.free, *right.free) or (1,)))


def dot_forward(
    a: ArrayLike, b: ArrayLike, axes: int | tuple[int, int] = -1, normalize: bool = False
) -> Array:
    r"""Dot products along one axis of each of two arrays, sample by sample: Keras's ``Dot``.

    .. math:: y_{n\,i\,j} = \sum_k a_{n\,i\,k}\, b_{n\,j\,k}

    Parameters
    ----------
    a, b : array_like of shape (batch, ...)
        Inputs.
    axes : int or (int, int), default -1
        The axes of `a` and `b` to sum over; not the batch axis.
    normalize : bool, default False
        Whether the vectors are first divided by their lengths (cosine similarity), but at least by
        1e-7.

    Returns
    -------
    ndarray of shape (batch, other axes of a, other axes of b)
        (batch, 1) if there are no others.

    Raises
    ------
    ValueError
        If shapes or axes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.dot_forward(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    array([[11.]])
    """
    left, right, shape = _sides("dot_forward", a, b, axes, normalize)
    return _core.kernels.batched_product(left.rows, right.rows, False, True).reshape(shape)


def dot_backward(
    dy: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    axes: int | tuple[int, int] = -1,
    normalize: bool = False,
) -> tuple[Array, Array]:
    r"""Gradients at both inputs of `dot_forward`.

    .. math:: da_{n\,i\,k} = \sum_j dy_{n\,i\,j}\, b_{n\,j\,k} \qquad
              db_{n\,j\,k} = \sum_i dy_{n\,i\,j}\, a_{n\,i\,k}

    Parameters
    ----------
    dy : array_like of the shape of the output
        Gradient at the output.
    a, b : array_like
        As in the forward pass.
    axes : int or (int, int), default -1
        As in the forward pass.
    normalize : bool, default False
        As in the forward pass.

    Returns
    -------
    da, db : ndarray

    Raises
    ------
    ValueError
        If shapes or axes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.dot_backward(np.array([[1.0]]), np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    (array([[3., 4.]]), array([[1., 2.]]))
    """
    who = "dot_backward"
    left, right, shape = _sides(who, a, b, axes, normalize)
    if (got := shape_of(who, "dy", dy)) != shape:
        raise ValueError(f"{who}: dy must have shape {shape}; got {got}")
    slope = np.reshape(dy, (shape[0], prod(left.free), prod(right.free)))
    product = _core.kernels.batched_product
    da = product(slope, right.rows, False, False)
    db = product(slope, left.rows, True, False)
    return left.gradient(da, normalize), right.gradient(db, normalize)
