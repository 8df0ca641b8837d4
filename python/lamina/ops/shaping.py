"""The same elements seen with another shape, or in another order."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record, wrap
from lamina._tensors.recording import NeedsRows, RowCount, Rows
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axes_of, axis_of, shown


def shape(x: Any) -> tuple[Any, ...]:
    """Return the shape as a tuple.

    Of a tensor whose number of rows is not known while it is recorded, the first entry stands for
    it: ``reshape`` and the like take it.  Asked for as a number, it makes the model record anew for
    each number of rows that occurs.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.shape([[1.0, 2.0]])
    (1, 2)
    """
    if isinstance(x, Tensor):
        return tuple(Rows if size is None else size for size in x.shape)
    if hasattr(x, "shape"):
        return tuple(x.shape)
    return np.shape(x)


@operation
def reshape(x: Any, newshape: Any) -> Any:
    """Return the elements in another shape.

    Parameters
    ----------
    x : tensor or array_like
    newshape : tuple of int
        One size may be -1: it follows from the others.
    """
    tensor = given(x)
    sizes = _sizes("reshape", newshape)
    if tensor.rows and sizes:
        kept = _kept_rows(tensor, sizes)
        if kept is not None:
            return _reshaped(tensor, kept)
    if any(isinstance(size, RowCount) for size in sizes):
        raise NeedsRows
    tensor = all_rows(tensor)
    return _reshaped(tensor, _resolved(tensor, sizes, prod(tensor.shape)))


def _sizes(who: str, newshape: Any) -> list[Any]:
    listed = list(newshape) if isinstance(newshape, (list, tuple)) else [newshape]
    sizes: list[Any] = []
    for size in listed:
        if size is None or isinstance(size, RowCount):
            sizes.append(Rows)
            continue
        try:
            sizes.append(operator.index(size))
        except TypeError:
            raise TypeError(f"{who}: newshape must hold integers; got {newshape!r}") from None
    if sum(size == -1 for size in sizes if not isinstance(size, RowCount)) > 1:
        raise ValueError(f"{who}: newshape may hold -1 once; got {tuple(listed)}")
    return sizes


def _kept_rows(tensor: Tensor, sizes: list[Any]) -> list[int] | None:
    """Return the new shape of a row where the rows stay the first axis."""
    first, rest = sizes[0], sizes[1:]
    if any(isinstance(size, RowCount) for size in rest):
        return None
    width = prod(tensor.value.shape)
    if isinstance(first, RowCount) or (first != -1 and first == tensor.recording.rows):
        return _resolved(tensor, rest, width)
    return rest if first == -1 and prod(rest) == width else None


def _resolved(tensor: Tensor, sizes: list[int], width: int) -> list[int]:
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known and width % known == 0:
        return [width // known if size == -1 else size for size in sizes]
    if -1 in sizes or known != width:
        raise ValueError(
            f"{tensor.recording.name or 'reshape'}: a tensor of shape {shown(tensor)} cannot be "
            f"reshaped to {tuple(sizes)}, without the axis of rows"
            if tensor.rows
            else f"reshape: a tensor of shape {shown(tensor)} cannot be reshaped to {tuple(sizes)}"
        )
    return sizes


def _reshaped(tensor: Tensor, sizes: Any) -> Tensor:
    return wrap(tensor.recording.graph.reshape(tensor.value, list(sizes)))


@operation
def expand_dims(x: Any, axis: Any) -> Any:
    """Return the tensor with new axes of size 1, which stand at ``axis`` in the result."""
    tensor = given(x)
    listed = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    ndim = tensor.ndim + len(listed)
    places = axes_of("expand_dims", listed, ndim)
    if tensor.rows and 0 in places:
        tensor = all_rows(tensor)
    sizes = iter(tensor.shape)
    new = [1 if place in places else next(sizes) for place in range(ndim)]
    return _reshaped(tensor, new[1:] if tensor.rows else new)


@operation
def squeeze(x: Any, axis: Any = None) -> Any:
    """Return the tensor without axes of size 1: all of them, or those given."""
    tensor = given(x)
    if axis is None:
        places = [i for i, size in enumerate(tensor.shape) if size == 1]
    else:
        places = axes_of("squeeze", axis, tensor.ndim)
    if tensor.rows and 0 in places:
        tensor = all_rows(tensor)
    for place in places:
        if tensor.shape[place] != 1:
            raise ValueError(
                f"squeeze: axis {place} of shape {shown(tensor)} has more than 1 element"
            )
    new = [size for place, size in enumerate(tensor.shape) if place not in places]
    return _reshaped(tensor, new[1:] if tensor.rows else new)


@operation
def transpose(x: Any, axes: Any = None) -> Any:
    """Return the axes in another order, by default the reverse one."""
    tensor = given(x)
    order = list(range(tensor.ndim))[::-1]
    if axes is not None:
        order = [axis_of("transpose", axis, tensor.ndim, "axes") for axis in axes]
        if sorted(order) != list(range(tensor.ndim)):
            raise ValueError(
                f"transpose: axes must hold each axis of shape {shown(tensor)} once; got "
                f"{tuple(axes)}"
            )
    if tensor.rows and order[:1] != [0]:
        tensor = all_rows(tensor)
    if tensor.rows:
        order = [axis - 1 for axis in order[1:]]
    return record("permute", tensor, order)


@operation
def concatenate(xs: Any, axis: int = 0) -> Any:
    """Return the tensors one behind the other along an axis."""
    tensors = [given(x) for x in xs]
    if not tensors:
        raise ValueError("concatenate: needs at least one tensor; got none")
    place = axis_of("concatenate", axis, tensors[0].ndim)
    tensors = together("concatenate", tensors, place)
    return record("concatenate", tensors, place - tensors[0].rows)


def together(who: str, tensors: list[Tensor], place: int) -> list[Tensor]:
    """Return tensors of as many axes that all have rows, or that all have none."""
    from lamina._tensors.given import by_rows

    ndim = tensors[0].ndim
    for tensor in tensors:
        if tensor.ndim != ndim:
            raise ValueError(
                f"{who}: tensors must have as many axes; got "
                f"{' and '.join(shown(t) for t in tensors)}"
            )
    if not any(t.rows for t in tensors):
        return tensors
    if place == 0:
        return [all_rows(t) for t in tensors]
    return [by_rows(t) for t in tensors]
