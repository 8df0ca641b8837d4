"""Functions of single elements, and of several by NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import arithmetic, elementwise, kind_of


@operation
def add(x1: Any, x2: Any) -> Any:
    """Return ``x1 + x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast by NumPy's rules.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.add([1.0, 2.0], 1)
    array([2., 3.], dtype=float32)
    """
    return arithmetic("add", x1, x2)


@operation
def subtract(x1: Any, x2: Any) -> Any:
    """Return ``x1 - x2``."""
    return arithmetic("subtract", x1, x2)


@operation
def multiply(x1: Any, x2: Any) -> Any:
    """Return ``x1 * x2``."""
    return arithmetic("multiply", x1, x2)


@operation
def divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, in floating-point numbers."""
    return elementwise("divide", x1, x2, dtype="float")


true_divide = divide


@operation
def negative(x: Any) -> Any:
    """Return ``-x``."""
    return arithmetic("negative", x)


@operation
def absolute(x: Any) -> Any:
    """Return ``|x|``; its gradient at 0 is 0."""
    return arithmetic("abs", x)


abs = absolute  # noqa: A001


@operation
def exp(x: Any) -> Any:
    """Return e to the power x."""
    return elementwise("exp", x)


@operation
def log(x: Any) -> Any:
    """Return the natural logarithm."""
    return elementwise("log", x)


@operation
def sqrt(x: Any) -> Any:
    """Return the square root."""
    return elementwise("sqrt", x)


@operation
def square(x: Any) -> Any:
    """Return ``x * x``."""
    return arithmetic("square", x)


@operation
def relu(x: Any) -> Any:
    """Return ``max(x, 0)``."""
    return elementwise("relu", x)


@operation
def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``."""
    return elementwise("sigmoid", x)


@operation
def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return elementwise("tanh", x)


@operation
def maximum(x1: Any, x2: Any) -> Any:
    """Return the larger of two, and NaN where one is."""
    return arithmetic("maximum", x1, x2)


@operation
def equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 == x2``."""
    return elementwise("equal", x1, x2)


@operation
def where(condition: Any, x1: Any, x2: Any) -> Any:
    """Return ``x1`` where the condition is true, else ``x2``."""
    return elementwise("where", condition, x1, x2, dtype=kind_of([_kept(x1), _kept(x2)]))


@operation
def cast(x: Any, dtype: Any) -> Any:
    """Return the values as another type.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str
        "bool", an integer type (int32 is what tensors hold), or a float type: in a graph that is
        the graph's own.
    """
    from lamina.ops._types import kind_named

    tensor, kind = given(x), kind_named("cast", dtype)
    if tensor.dtype == kind or (kind == "float" and tensor.dtype.startswith("float")):
        return tensor
    return elementwise("not_equal" if kind == "bool" else "copy", *(
        (tensor, 0.0) if kind == "bool" else (tensor,)
    ), dtype=kind)  # fmt: skip


def _kept(x: Any) -> Any:
    return x if isinstance(x, (bool, int, float)) else given(x)
