"""Functions on arrays made of the operations that graphs record.

An array is given as ``(role, name, value, axes)`` or ``(role, name, value, axes, content)``:

role
    The operation's argument; with "?" behind it, it may be None.  Or what else the array is to the
    operation: "gradient" (at the output), "output" and "saved" (of forward, read by backward), or
    "+kernel", what the gradient of the argument ``kernel`` is added to.  An "output" without a name
    says the axes of what an operation makes of arrays without any elements.
name
    The function's argument, for messages.
value
    An array.  A tuple of sizes, or ``...`` for those that the axes of other arrays say, where
    nothing else is needed of it.
axes
    "(batch, steps, channels)": a name stands for one size in all arrays of a call, "..." and names
    with a star for any number of axes.  The axis "batch", or all up to "...", are rows; arrays
    without them are the same for all rows.  "of x" is the shape of ``x``; words behind the axes
    are what messages call the shape.
content
    "mask", or ``(bound, what)`` of integers below a number or an axis' size, which count ``what``.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from lamina import _core

Array = NDArray[Any]
Given = list[Any]

alpha_of = _core.kernels.alpha_of
within = _core.kernels.number_within


def forward(who: str, operation: str, arrays: Given, **settings: Any) -> list[Array]:
    """Return an operation's outputs, then as bytes what it saved for backward, if anything."""
    return _core.kernels.operation_forward(who, operation, arrays, settings)


def backward(
    who: str, operation: str, arrays: Given, wanted: list[str], **settings: Any
) -> list[Array]:
    """Return gradients at the arrays of the names wanted (roles, of those without a name).

    The gradient at the output is 1 where it is None; forward runs first where backward reads what
    it makes and that is not given.
    """
    return _core.kernels.operation_backward(who, operation, arrays, settings, wanted)
