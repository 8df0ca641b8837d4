"""Cells of the library and of users: their interface, and running one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina import ops
from lamina._tensors.arguments import flat, mapped, packed
from lamina._tensors.given import current, given
from lamina.layers.base.shapes import show_shapes
from lamina.layers.layer import Layer


def check_cell(who: str, cell: Any) -> None:
    """Raise unless an object is a cell."""
    called = callable(getattr(cell, "call", cell)) and not isinstance(cell, type)
    if not called or not hasattr(cell, "state_size"):
        raise TypeError(
            f"{who}: a cell must have call(inputs, states), which returns the output and new "
            f"states, and state_size; got {cell!r}"
        )
    sizes = cell.state_size
    if not isinstance(sizes, (int, list, tuple)) or not sizes:
        raise ValueError(
            f"{who}: state_size of a cell must be an integer, or a list of one for each state; "
            f"got {sizes!r}"
        )


def output_size(cell: Any) -> Any:
    """Return the size of a cell's output: by default that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
    return size


def first_states(cell: Any, rows: Any, dtype: str) -> Any:
    """Return the initial states of a cell: its own, or zeros."""
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        return own(batch_size=rows)
    return mapped(cell.state_size, lambda size: _zeros(size, rows, dtype))


def _zeros(size: Any, rows: Any, dtype: str) -> Any:
    # A list holds the sizes of several states; a tuple of integers is the shape of one.
    if isinstance(size, int):
        return ops.zeros((rows, size), dtype)
    if isinstance(size, tuple) and len(size) > 1 and all(isinstance(n, int) for n in size):
        return ops.zeros((rows, *size), dtype)
    return None


def step(cell: Any, x: Any, states: Any, training: bool | None) -> tuple[Any, Any]:
    """Return the output and the new states of one step, in the structure of the old ones."""
    own = {"training": training} if isinstance(cell, Layer) else {}
    made = (cell if callable(cell) else cell.call)(x, states, **own)
    who = getattr(cell, "name", type(cell).__name__)
    if not isinstance(made, (list, tuple)) or len(made) != 2:
        raise TypeError(
            f"{who}: a cell must return two things, its output and its new states; got {made!r}"
        )
    y, new = made
    listed = isinstance(states, (list, tuple))
    if listed and not isinstance(new, (list, tuple)):
        new = [new]
    needed, got = ([tuple(given(v).shape[1:]) for v in flat(each)] for each in (states, new))
    if needed != got:
        raise ValueError(
            f"{who}: the new states must have the shapes of the old, {show_shapes(needed)}; got "
            f"{show_shapes(got)}"
        )
    return y, list(new) if listed else new


def all_steps(
    run: Callable[[Any, Any], tuple[Any, Any]],
    x: Any,
    states: Any,
    mask: Any,
    *,
    backwards: bool,
    zero_hidden: bool,
    before: Any = None,
) -> tuple[list[Any], Any]:
    """Record the steps of a sequence; return all outputs and the last states.

    Parameters
    ----------
    run : callable
        ``run(x, states)`` records one step, and returns the output and the new states.
    x : Tensor of shape (rows, steps, ...)
    states : list
        A structure of tensors.
    mask : Tensor of shape (rows, steps), optional
        A step that is False leaves the states unchanged.
    backwards : bool
        Whether the last step is first.
    zero_hidden : bool
        Whether the output is 0 where the mask is False; otherwise it is that of the step before.
    before : Tensor, optional
        The output before the first step; by default 0.
    """
    outputs: list[Any] = []
    with current().keeping():
        for t in range(x.shape[1])[:: -1 if backwards else 1]:
            y, new = run(x[:, t], states)
            if mask is not None:
                counts = given(mask)[:, t]
                last = None if zero_hidden else outputs[-1] if outputs else before
                y = _where(counts, y, ops.zeros_like(y) if last is None else last)
                pairs = zip(flat(new), flat(states), strict=True)
                new = packed(new, [_where(counts, a, b) for a, b in pairs])
            outputs.append(y)
            states = new
    return outputs, states


def _where(counts: Any, x: Any, other: Any) -> Any:
    """Return x for the rows that count, and the other for the rest."""
    for _ in range(given(x).ndim - 1):
        counts = ops.expand_dims(counts, -1)
    return ops.where(counts, x, other)
