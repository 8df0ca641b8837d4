"""Keras's module ``ops.linalg``: norms, and the functions in factors.py and matrices.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._answers import answering
from lamina._tensors.dispatch import operation
from lamina.ops import factors, matrices
from lamina.ops._axes import axes_of
from lamina.ops._elements import elementwise, floats
from lamina.ops._numbers import real
from lamina.ops.arithmetic import power, square
from lamina.ops.comparisons import not_equal
from lamina.ops.exponentials import sqrt
from lamina.ops.factors import *  # noqa: F403
from lamina.ops.matrices import *  # noqa: F403
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import min as min_of
from lamina.ops.reductions import sum as sum_of

__all__ = ["norm", *factors.__all__, *matrices.__all__]  # noqa: PLE0604

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


@operation
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    """Return the norm of vectors, or of matrices.

    Parameters
    ----------
    x : tensor or array_like
    ord : float or {"fro", "nuc"}, optional
        For vectors p, inf, -inf or 0; for matrices "fro", 1, -1, inf or -inf, and "nuc" for the sum
        of the singular values, 2 and -2 for the largest and the smallest.  By default the root of
        the sum of squares.
    axis : int or tuple of two int, optional
        The axis of the vectors, or the axes of the matrices; by default all axes.
    keepdims : bool, default False

    Examples
    --------
    >>> from lamina import ops
    >>> ops.norm([3.0, 4.0])
    array(5., dtype=float32)
    """
    x = floats(x)
    listed = list(axis) if isinstance(axis, (list, tuple)) else axis
    axes = axes_of("norm", listed, x.ndim)
    ord = ord if ord is None or isinstance(ord, str) else real("norm", "ord", ord)  # noqa: A001
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return sqrt(sum_of(square(x), tuple(axes), keepdims))
    size = elementwise("abs", x)
    if len(axes) == 1:
        return _of_vectors(size, ord, axes[0], keepdims)
    if len(axes) == 2 and ord in _OF_SINGULAR_VALUES:
        return _of_singular_values(x, ord, axes, keepdims)
    if len(axes) != 2 or ord not in (1, -1, float("inf"), float("-inf")):
        raise ValueError(
            f"norm: ord must be None, a number for vectors, or 'fro', 'nuc', 1, -1, 2, -2, inf or "
            f"-inf for matrices; got {ord!r} for {len(axes)} axes"
        )
    places = axes if listed is None else [a % x.ndim for a in listed]
    summed, compared = places if abs(ord) == 1 else places[::-1]
    extreme = max_of if ord > 0 else min_of
    y = extreme(sum_of(size, summed, True), compared, True)
    if keepdims:
        return y
    from lamina.ops.shaping import squeeze

    return squeeze(y, tuple(axes))


_OF_SINGULAR_VALUES = {"nuc": sum_of, 2: max_of, -2: min_of}


def _of_singular_values(x: Any, ord: Any, axes: Any, keepdims: bool) -> Any:  # noqa: A002
    from lamina.ops.shaping import expand_dims, moveaxis

    values = factors.svd(moveaxis(x, tuple(axes), (-2, -1)), compute_uv=False)
    y = _OF_SINGULAR_VALUES[ord](values, -1)
    return expand_dims(y, tuple(axes)) if keepdims else y


def _of_vectors(size: Any, ord: Any, axis: int, keepdims: bool) -> Any:  # noqa: A002
    if not isinstance(ord, (int, float)):
        raise ValueError(f"norm: ord must be a number for vectors; got {ord!r}")
    if ord == float("inf"):
        return max_of(size, axis, keepdims)
    if ord == float("-inf"):
        return min_of(size, axis, keepdims)
    if ord == 0:
        return sum_of(floats(not_equal(size, 0.0)), axis, keepdims)
    if ord == 1:
        return sum_of(size, axis, keepdims)
    return power(sum_of(power(size, float(ord)), axis, keepdims), 1.0 / ord)
