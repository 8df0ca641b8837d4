"""The same elements with another shape, or in another order."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, each_row, given, record, wrap
from lamina._tensors.recording import NeedsRows, RowCount, Rows
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axes_of, axis_of, shown
from lamina.ops._numbers import integer, integers

__all__ = [
    "broadcast_to",
    "expand_dims",
    "moveaxis",
    "ravel",
    "reshape",
    "rot90",
    "squeeze",
    "swapaxes",
    "transpose",
]


@operation
def reshape(x: Any, newshape: Any) -> Any:
    """Return the elements in another shape.

    Parameters
    ----------
    x : tensor or array_like
    newshape : tuple of int
        One size may be -1 and is inferred from the others.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.reshape([1, 2, 3, 4, 5, 6], (2, -1))
    array([[1, 2, 3],
           [4, 5, 6]], dtype=int32)
    """
    tensor = given(x)
    sizes = _sizes("reshape", "newshape", newshape)
    if tensor.rows and sizes:
        kept = _kept_rows(tensor, sizes)
        if kept is not None:
            return _reshaped(tensor, kept)
    if any(isinstance(size, RowCount) for size in sizes):
        raise NeedsRows
    whole = all_rows(tensor)
    said = ""
    if tensor.rows and -1 not in sizes and _fits_any_rows(tensor, sizes):
        said = "; batches have any number of rows: let -1 stand for the size that depends on it"
    return _reshaped(whole, _resolved(whole, sizes, prod(whole.shape), said))


def _fits_any_rows(tensor: Tensor, sizes: list[int]) -> bool:
    """Return whether any number of rows fits if -1 stands for one of the sizes."""
    width = prod(tensor.value.shape)
    others = (prod(sizes[:i] + sizes[i + 1 :]) for i in range(len(sizes)))
    return any(other > 0 and width % other == 0 for other in others)


def _sizes(who: str, name: str, newshape: Any) -> list[Any]:
    if newshape is None:
        raise TypeError(f"{who}: {name} must be a tuple of integers; got None")
    listed = list(newshape) if isinstance(newshape, (list, tuple)) else [newshape]
    sizes: list[Any] = []
    for size in listed:
        if size is None or isinstance(size, RowCount):
            sizes.append(Rows)
            continue
        try:
            sizes.append(operator.index(size))
        except TypeError:
            raise TypeError(f"{who}: {name} must hold integers; got {newshape!r}") from None
    if sum(size == -1 for size in sizes if not isinstance(size, RowCount)) > 1:
        raise ValueError(f"{who}: {name} may hold -1 once; got {tuple(listed)}")
    return sizes


def _kept_rows(tensor: Tensor, sizes: list[Any]) -> list[int] | None:
    """Return the new shape of a row if the rows remain the first axis."""
    first, rest = sizes[0], sizes[1:]
    if any(isinstance(size, RowCount) for size in rest):
        return None
    width = prod(tensor.value.shape)
    if isinstance(first, RowCount) or (first != -1 and first == tensor.recording.rows):
        return _resolved(tensor, rest, width)
    return rest if first == -1 and prod(rest) == width else None


def _resolved(tensor: Tensor, sizes: list[int], width: int, said: str = "") -> list[int]:
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known and width % known == 0:
        return [width // known if size == -1 else size for size in sizes]
    if -1 in sizes or known != width:
        raise ValueError(
            f"{tensor.recording.name or 'reshape'}: a tensor of shape {shown(tensor)} cannot be "
            f"reshaped to {tuple(sizes)}, without the axis of rows"
            if tensor.rows
            else f"reshape: a tensor of shape {shown(tensor)} cannot be reshaped to {tuple(sizes)}"
            f"{said}"
        )
    return sizes


def _reshaped(tensor: Tensor, sizes: Any) -> Tensor:
    return wrap(tensor.recording.graph.reshape(tensor.value, list(sizes)))


@operation
def expand_dims(x: Any, axis: Any) -> Any:
    """Return the tensor with new axes of size 1.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int
        Positions of the new axes in the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.expand_dims([1, 2], -1)
    array([[1],
           [2]], dtype=int32)
    >>> ops.expand_dims([1, 2], (0, 2)).shape
    (1, 2, 1)
    """
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
    """Return the tensor without axes of size 1.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        Axes of size 1, by default all of them.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.squeeze(ops.ones((1, 2, 1))).shape
    (2,)
    >>> ops.squeeze(ops.ones((1, 2, 1)), axis=-1).shape
    (1, 2)
    """
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
    """Return the tensor with its axes permuted.

    Parameters
    ----------
    x : tensor or array_like
    axes : sequence of int, optional
        Each axis of x once, in the order of the result; by default in reversed order.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.transpose([[1, 2], [3, 4]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    >>> ops.transpose(ops.zeros((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    tensor = given(x)
    order = list(range(tensor.ndim))[::-1]
    if axes is not None:
        axes = integers("transpose", "axes", axes)
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
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Return the tensor with two axes exchanged.

    Parameters
    ----------
    x : tensor or array_like
    axis1, axis2 : int

    Examples
    --------
    >>> from lamina import ops
    >>> ops.swapaxes(ops.zeros((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    tensor = given(x)
    order = list(range(tensor.ndim))
    one = axis_of("swapaxes", axis1, tensor.ndim, "axis1")
    other = axis_of("swapaxes", axis2, tensor.ndim, "axis2")
    order[one], order[other] = order[other], order[one]
    return transpose(tensor, order)


@operation
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Return the tensor with axes moved to other positions; the others keep their order.

    Parameters
    ----------
    x : tensor or array_like
    source, destination : int or tuple of int
        As many positions, in the result, as axes.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.moveaxis(ops.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    tensor = given(x)
    listed = [list(a) if isinstance(a, (list, tuple)) else [a] for a in (source, destination)]
    origins = [axis_of("moveaxis", axis, tensor.ndim, "source") for axis in listed[0]]
    places = [axis_of("moveaxis", axis, tensor.ndim, "destination") for axis in listed[1]]
    if len(set(origins)) != len(set(places)) or len(origins) != len(places):
        raise ValueError(
            f"moveaxis: source and destination must have the same number of axes, each once; "
            f"got {source!r} and {destination!r}"
        )
    order = [axis for axis in range(tensor.ndim) if axis not in origins]
    for place, origin in sorted(zip(places, origins, strict=True)):
        order.insert(place, origin)
    return tensor if order == list(range(tensor.ndim)) else transpose(tensor, order)


@operation
def ravel(x: Any) -> Any:
    """Return all elements along one axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ravel([[1, 2], [3, 4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    return reshape(x, (-1,))


@operation
def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Return the tensor rotated k times by 90 degrees, from the first axis towards the second.

    Parameters
    ----------
    array : tensor or array_like
    k : int, default 1
        Negative for the other direction.
    axes : pair of int, default (0, 1)
        The axes of the plane.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.rot90([[1, 2], [3, 4]])
    array([[2, 4],
           [1, 3]], dtype=int32)
    >>> ops.rot90([[1, 2], [3, 4]], -1)
    array([[3, 1],
           [4, 2]], dtype=int32)
    """
    from lamina.ops.repeating import flip

    tensor = given(array)
    places = [
        axis_of("rot90", axis, tensor.ndim, "axes") for axis in integers("rot90", "axes", axes)
    ]
    if len(places) != 2 or places[0] == places[1]:
        raise ValueError(f"rot90: axes must be two different ones; got {axes!r}")
    first, second = places
    turns = integer("rot90", "k", k) % 4
    if turns == 0:
        return tensor
    if turns == 2:
        return flip(tensor, (first, second))
    if turns == 1:
        return swapaxes(flip(tensor, second), first, second)
    return flip(swapaxes(tensor, first, second), second)


@operation
def broadcast_to(x: Any, shape: Any) -> Any:
    """Return the tensor with axes of size 1 repeated, and new leading axes.

    Parameters
    ----------
    x : tensor or array_like
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.broadcast_to([1, 2], (2, 2))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    tensor = given(x)
    sizes = _sizes("broadcast_to", "shape", shape)
    by_row = bool(sizes) and isinstance(sizes[0], RowCount)
    if tensor.rows:
        by_row = by_row or (len(sizes) == tensor.ndim and sizes[0] == tensor.recording.rows)
        if not by_row or len(sizes) != tensor.ndim:
            tensor, by_row = all_rows(tensor), False
    wanted, sizes = tuple(sizes), sizes[1:] if by_row else sizes
    if any(isinstance(size, RowCount) for size in sizes):
        raise NeedsRows
    if by_row and not tensor.rows:
        if tensor.ndim > len(sizes):  # one row for all
            tensor = squeeze(tensor, 0)
        tensor = each_row(tensor)
    old = tuple(tensor.value.shape)
    new = (1,) * (len(sizes) - len(old)) + old
    if len(old) > len(sizes) or any(n not in (1, s) for n, s in zip(new, sizes, strict=True)):
        raise ValueError(
            f"broadcast_to: a tensor of shape {shown(tensor)} does not broadcast to {wanted}"
        )
    tensor = _reshaped(tensor, new) if new != old else tensor
    if new == tuple(sizes):
        return tensor
    if 0 in sizes:
        left = [min(n, s) for n, s in zip(new, sizes, strict=True)]
        tensor, new = record("slice", tensor, [0] * len(new), left, [1] * len(new)), tuple(left)
    times = [s // n if n else 1 for n, s in zip(new, sizes, strict=True)]
    return record("repeat", tensor, times)
