"""Comparisons, logic, and choices between elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import on_tensors, operation
from lamina._tensors.given import given
from lamina.ops._elements import elementwise, floats, joint_kind, kept

__all__ = [
    "allclose",
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "nan_to_num",
    "not_equal",
    "select",
    "signbit",
    "where",
]


@operation
def equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 == x2``, element by element."""
    return elementwise("equal", x1, x2)


@operation
def not_equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 != x2``, element by element."""
    return elementwise("not_equal", x1, x2)


@operation
def less(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 < x2``, element by element."""
    return elementwise("less", x1, x2)


@operation
def less_equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 <= x2``, element by element."""
    return elementwise("less_equal", x1, x2)


@operation
def greater(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 > x2``, element by element.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.greater([1.0, 3.0], 2)
    array([False,  True])
    """
    return elementwise("greater", x1, x2)


@operation
def greater_equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 >= x2``, element by element."""
    return elementwise("greater_equal", x1, x2)


@operation
def logical_and(x1: Any, x2: Any) -> Any:
    """Return where both are true; all numbers except 0 are true."""
    return elementwise("logical_and", x1, x2)


@operation
def logical_or(x1: Any, x2: Any) -> Any:
    """Return where either is true."""
    return elementwise("logical_or", x1, x2)


@operation
def logical_xor(x1: Any, x2: Any) -> Any:
    """Return where exactly one of two is true."""
    return elementwise("logical_xor", x1, x2)


@operation
def logical_not(x: Any) -> Any:
    """Return where x is false."""
    return elementwise("logical_not", x)


# --- classes of numbers


@operation
def isnan(x: Any) -> Any:
    """Return where x is NaN."""
    return elementwise("isnan", x)


@operation
def isinf(x: Any) -> Any:
    """Return where x is infinite."""
    return elementwise("isinf", x)


@operation
def isfinite(x: Any) -> Any:
    """Return where x is neither infinite nor NaN."""
    return elementwise("isfinite", x)


@operation
def isposinf(x: Any) -> Any:
    """Return where x is positive infinity."""
    return elementwise("equal", given(x), float("inf"))


@operation
def isneginf(x: Any) -> Any:
    """Return where x is negative infinity."""
    return elementwise("equal", given(x), float("-inf"))


@operation
def isreal(x: Any) -> Any:
    """Return True everywhere: all numbers here are real."""
    x = given(x)
    return logical_or(elementwise("equal", x, x), True)


@operation
def signbit(x: Any) -> Any:
    """Return where x is below 0, or is -0."""
    x = floats(x)
    inverse = elementwise("reciprocal", x)
    return logical_or(less(x, 0.0), logical_and(equal(x, 0.0), less(inverse, 0.0)))


@operation
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return where two numbers differ by at most ``atol + rtol * |x2|``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
    rtol, atol : float
    equal_nan : bool, default False
        Whether NaN counts as close to NaN.
    """
    x1, x2 = floats(x1), floats(x2)
    apart = elementwise("abs", elementwise("subtract", x1, x2))
    allowed = elementwise("add", elementwise("multiply", elementwise("abs", x2), rtol), atol)
    finite = logical_and(isfinite(x1), isfinite(x2))
    close = logical_or(equal(x1, x2), logical_and(finite, less_equal(apart, allowed)))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


@operation
def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return whether all elements are close, as defined by ``isclose``."""
    from lamina.ops.reductions import all as all_of

    return all_of(isclose(x1, x2, rtol, atol, equal_nan))


# --- choices


@operation
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Return ``x1`` where the condition is true, else ``x2``.

    Parameters
    ----------
    condition : tensor or array_like
    x1, x2 : tensor or array_like
        All three broadcast.  Without x1 and x2, ``nonzero`` of the condition is returned, which
        must be an array.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.where([True, False], [1.0, 2.0], 0)
    array([1., 0.], dtype=float32)
    """
    if x1 is None and x2 is None and not on_tensors(condition):
        from lamina.ops.counting import nonzero

        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError(
            "where: needs x1 and x2: the number of elements that a condition alone selects depends "
            "on its values, and shapes may not"
        )
    x1, x2 = kept(x1), kept(x2)
    return elementwise("where", given(condition), x1, x2, dtype=joint_kind((x1, x2)))


@operation
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Return the first choice whose condition is true, else ``default``."""
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: condlist and choicelist must be equally long, and not empty; got "
            f"{len(condlist)} and {len(choicelist)}"
        )
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = where(given(condition), choice, chosen)
    return chosen


@operation
def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Return x with numbers in place of NaN and of the infinities.

    Parameters
    ----------
    x : tensor or array_like
    nan : float, default 0.0
    posinf, neginf : float, optional
        By default the largest and the smallest number of the dtype.
    """
    x = given(x)
    if not x.dtype.startswith("float"):
        return x
    most = float(np.finfo(x.dtype).max)
    high, low = most if posinf is None else posinf, -most if neginf is None else neginf
    x = where(isnan(x), nan, x)
    return where(isposinf(x), high, where(isneginf(x), low, x))
