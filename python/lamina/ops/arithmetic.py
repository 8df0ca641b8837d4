"""Element-wise arithmetic with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import arithmetic, elementwise, floats, kept, kind_of, numbers, of_numbers
from lamina.ops.comparisons import where
from lamina.ops.special_numbers import signs_of

__all__ = [
    "abs",
    "absolute",
    "add",
    "cbrt",
    "divide",
    "divide_no_nan",
    "fabs",
    "floor_divide",
    "fmod",
    "heaviside",
    "hypot",
    "ldexp",
    "mod",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "sign",
    "square",
    "subtract",
    "true_divide",
]


@operation
def add(x1: Any, x2: Any) -> Any:
    """Return ``x1 + x2``; for booleans whether either is true.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.add([1.0, 2.0], 1)
    array([2., 3.], dtype=float32)
    """
    return arithmetic("add", x1, x2)


@operation
def subtract(x1: Any, x2: Any) -> Any:
    """Return ``x1 - x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.subtract([[1, 2], [3, 4]], [1, 2])
    array([[0, 0],
           [2, 2]], dtype=int32)
    """
    return arithmetic("subtract", x1, x2)


@operation
def multiply(x1: Any, x2: Any) -> Any:
    """Return ``x1 * x2``; for booleans whether both are true.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.multiply([1, 2], 3)
    array([3, 6], dtype=int32)
    >>> ops.multiply([1, 2], [[0.5], [1.0]])
    array([[0.5, 1. ],
           [1. , 2. ]], dtype=float32)
    """
    return arithmetic("multiply", x1, x2)


@operation
def divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, in floating-point numbers.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.divide([1, 2, 0], [4, 0, 0])
    array([0.25,  inf,  nan], dtype=float32)
    """
    return elementwise("divide", x1, x2, dtype="float")


true_divide = divide


@operation
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, and 0 where ``x2`` is 0.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.divide_no_nan([1.0, 2.0], [0.0, 4.0])
    array([0. , 0.5], dtype=float32)
    """
    x2 = given(x2)
    nothing = elementwise("equal", x2, 0.0)
    return where(nothing, 0.0, divide(x1, where(nothing, 1.0, x2)))


@operation
def floor_divide(x1: Any, x2: Any) -> Any:
    """Return the largest integer that is not above ``x1 / x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.  The result is of integers if both are, otherwise of floats.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.floor_divide([-3, 3], 2)
    array([-2,  1], dtype=int32)
    >>> ops.floor_divide([-3.0, 3.0], 2)
    array([-2.,  1.], dtype=float32)
    """
    return arithmetic("floor_divide", x1, x2)


@operation
def mod(x1: Any, x2: Any) -> Any:
    """Return the remainder of ``floor_divide``, which has the sign of ``x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.mod([-3, 5], 2)
    array([1, 1], dtype=int32)
    """
    return arithmetic("mod", x1, x2)


@operation
def fmod(x1: Any, x2: Any) -> Any:
    """Return the remainder of a division towards 0, which has the sign of ``x1``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.fmod([-3, 5], 2)
    array([-1,  1], dtype=int32)
    """
    x1, x2 = numbers(x1), numbers(x2)
    kind, signs = kind_of((x1, x2)), signs_of(x1)
    size = elementwise("multiply", x1, signs, dtype=kind)  # unlike |x1| of gradient 1 at 0
    rest = elementwise("mod", size, elementwise("abs", x2, dtype=kind), dtype=kind)
    return elementwise("multiply", rest, signs, dtype=kind)


@operation
def power(x1: Any, x2: Any) -> Any:
    """Return ``x1`` to the power ``x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.  The result is of integers if both are, otherwise of floats.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.power([2, 3], 2)
    array([4, 9], dtype=int32)
    >>> ops.power([4.0, -8.0], 0.5)
    array([ 2., nan], dtype=float32)
    """
    return arithmetic("power", x1, x2)


@operation
def negative(x: Any) -> Any:
    """Return ``-x``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.negative([1, -2])
    array([-1,  2], dtype=int32)
    >>> ops.negative([0.0, 3.0])
    array([-0., -3.], dtype=float32)
    """
    return arithmetic("negative", x)


@operation
def absolute(x: Any) -> Any:
    """Return ``|x|``; its gradient at 0 is 0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.absolute([-2, 3])
    array([2, 3], dtype=int32)
    """
    return of_numbers("abs", x)


abs = absolute  # noqa: A001


@operation
def fabs(x: Any) -> Any:
    """Return ``|x|`` in floating-point numbers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.fabs([-2, 3])
    array([2., 3.], dtype=float32)
    """
    return elementwise("abs", x, dtype="float")


@operation
def sign(x: Any) -> Any:
    """Return -1, 0 or 1, in the type of x; NaN for NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.sign([-2.0, 0.0, np.nan])
    array([-1.,  0., nan], dtype=float32)
    """
    return arithmetic("sign", x)


@operation
def square(x: Any) -> Any:
    """Return ``x * x``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.square([-3, 2])
    array([9, 4], dtype=int32)
    """
    return arithmetic("square", x)


@operation
def reciprocal(x: Any) -> Any:
    """Return ``1 / x``, in floating-point numbers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.reciprocal([4.0, 0.0, -0.0])
    array([0.25,  inf, -inf], dtype=float32)
    """
    return elementwise("reciprocal", x, dtype="float")


@operation
def cbrt(x: Any) -> Any:
    """Return the cube root, also of negative numbers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cbrt([-8.0, 27.0]).round(4)
    array([-2.,  3.], dtype=float32)
    """
    x = floats(x)
    root = elementwise("power", elementwise("abs", x), 1 / 3)
    return elementwise("multiply", root, signs_of(x))


@operation
def hypot(x1: Any, x2: Any) -> Any:
    """Return the square root of ``x1**2 + x2**2``, without intermediate overflow.

    It is infinite if either number is, even beside NaN.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hypot([3.0, 3e30], [4.0, 4e30])
    array([5.e+00, 5.e+30], dtype=float32)
    """
    a, b = (elementwise("abs", given(x), dtype="float") for x in (x1, x2))
    large, small = elementwise("maximum", a, b), elementwise("minimum", a, b)
    divisor = elementwise("where", elementwise("equal", large, 0.0), 1.0, large)
    ratio = elementwise("divide", small, divisor)
    root = elementwise("sqrt", elementwise("add", elementwise("square", ratio), 1.0))
    infinite = elementwise("logical_or", elementwise("isinf", a), elementwise("isinf", b))
    return elementwise("where", infinite, float("inf"), elementwise("multiply", large, root))


@operation
def heaviside(x1: Any, x2: Any) -> Any:
    """Return 0 below 0, ``x2`` at 0, 1 above; NaN for NaN.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.heaviside([-1.0, 0.0, 2.0], 0.5)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x1, x2 = floats(x1), kept(x2)
    at = where(elementwise("equal", x1, 0.0), x2, where(elementwise("less", x1, 0.0), 0.0, 1.0))
    return where(elementwise("isnan", x1), x1, at)


@operation
def ldexp(x1: Any, x2: Any) -> Any:
    """Return ``x1 * 2**x2``, in floating-point numbers.

    Parameters
    ----------
    x1 : tensor or array_like
    x2 : tensor or array_like of int
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ldexp([1.0, 3.0], [2, -1])
    array([4. , 1.5], dtype=float32)
    """
    return multiply(floats(x1), power(2.0, floats(x2)))
