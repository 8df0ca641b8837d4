"""Functions on arrays, based on the operations of graphs.

An array is given as ``(role, name, value, axes)`` or ``(role, name, value, axes, content)``:

role
    The argument of the operation, with a "?" if it may be None; or "gradient" (at the output),
    "output" and "saved" (by forward, for backward), or "+kernel", the array to which the gradient
    of the argument ``kernel`` is added.  An "output" without a name gives the axes of the output
    for arrays without elements.
name
    The function's argument, for messages.
value
    An array; or, if only its shape is needed, a tuple of sizes, or ``...`` if the sizes are
    determined by the axes of other arrays.
axes
    "(batch, steps, channels)": a name has the same size in all arrays of a call; "..." and names
    with a star mean any number of axes.  The axis "batch", or all up to "...", are rows; arrays
    without them are the same for all rows.  "of x" is the shape of ``x``; words after the axes
    describe the shape in messages.
content
    "mask", or ``(bound, what)`` for integers below a number or the size of an axis, which count
    ``what``.
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
    """Return the outputs of an operation, and the bytes it saved for backward, if any."""
    return _core.kernels.operation_forward(who, operation, arrays, settings)


def backward(
    who: str, operation: str, arrays: Given, wanted: list[str], **settings: Any
) -> list[Array]:
    """Return the gradients at the arrays with these names (or roles, for those without a name).

    If the gradient at the output is None, it is 1; forward runs first if backward needs its results
    and they are not given.
    """
    return _core.kernels.operation_backward(who, operation, arrays, settings, wanted)
