"""Layers on numbers of any type: integers and booleans keep theirs, as in Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lamina._tensors import Tensor


def of_floats(x: Tensor) -> bool:
    """Return whether a tensor holds floating-point numbers."""
    return x.dtype.startswith("float")


def as_floats(x: Tensor) -> Tensor:
    """Return a tensor in the floating-point type of its graph."""
    if of_floats(x):
        return x
    from lamina.ops._elements import floats

    return floats(x)


def alike(xs: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors of the same type, which can represent all of them."""
    if len({x.dtype for x in xs}) == 1:
        return list(xs)
    from lamina.ops import _elements

    return _elements.alike(xs)


def in_own_type(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return a function of floating-point numbers of a tensor of any type, in that type.

    Integers are exact up to 2**24 in a float32 graph, as in all arithmetic: see ``lamina.ops``.
    """
    if of_floats(x):
        return function(x)
    from lamina.ops._elements import converted

    return converted(function(as_floats(x)), x.dtype)


def integers_in_own_type(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the same as `in_own_type`, with booleans as the integers 0 and 1."""
    if x.dtype == "bool":
        from lamina.ops._elements import numbers

        x = numbers(x)
    return in_own_type(function, x)
