"""Tensors whose logical order of axes differs from the order in memory.

ONNX has images with the channels first, and sequences with the steps first.  The engine computes
with the rows first and the channels last.  A transposition is therefore only noted, as a view, and
done when an operator needs the elements in that order: two that cancel cost nothing, and the axis
of rows stays the first in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors import RowCount, Tensor
from lamina._tensors.recording import Rows

Order = tuple[int, ...]

# Represents an unknown number of rows in products of sizes: a prime larger than any size.
UNKNOWN = 2**61 - 1


class View:
    """A tensor with its axes in another order: axis i is the stored axis ``order[i]``."""

    __slots__ = ("order", "stored")

    def __init__(self, stored: Any, order: Order) -> None:
        self.stored, self.order = stored, order


def viewed(stored: Any, order: Sequence[int]) -> Any:
    """Return a view, or the tensor itself if its axes are in order."""
    order = tuple(order)
    if order == tuple(range(len(order))):
        return stored
    if isinstance(stored, np.ndarray):
        return stored.transpose(order)
    return View(stored, order)


def opened(x: Any) -> tuple[Any, Order]:
    """Return the stored tensor, and the logical order of its axes."""
    if isinstance(x, View):
        return x.stored, x.order
    return x, tuple(range(len(np.shape(x) if isinstance(x, np.ndarray) else ops.shape(x))))


def plain(x: Any) -> Any:
    """Return the tensor with its axes stored in logical order."""
    return ops.transpose(x.stored, x.order) if isinstance(x, View) else x


def stored_in(x: Any, order: Order) -> Any:
    """Return a tensor that is x if its axes are taken in ``order``."""
    stored, own = opened(x)
    back = inverse(order)
    needed = tuple(own[axis] for axis in back)
    if needed == tuple(range(len(needed))):
        return stored
    if isinstance(stored, np.ndarray):
        return stored.transpose(needed)
    return ops.transpose(stored, needed)


def inverse(order: Order) -> Order:
    """Return the inverse of an order."""
    return tuple(order.index(axis) for axis in range(len(order)))


def channels_last(axes: int) -> Order:
    """Return the order that has the channels second for images stored with the channels last."""
    return (0, axes - 1, *range(1, axes - 1))


def rank(x: Any) -> int:
    """Return the number of axes."""
    return len(sizes(x))


def sizes(x: Any) -> tuple[Any, ...]:
    """Return the sizes of the axes in logical order; ``Rows`` represents an unknown number."""
    if isinstance(x, View):
        stored = ops.shape(x.stored)
        return tuple(stored[axis] for axis in x.order)
    return tuple(x.shape) if isinstance(x, np.ndarray) else tuple(ops.shape(x))


def axis_of(axis: int, axes: int) -> int:
    """Return an axis counted from 0."""
    if not -axes <= axis < axes:
        raise ValueError(f"axis must be in [{-axes}, {axes}); got {axis}")
    return axis % axes


def without(order: Order, gone: Sequence[int]) -> Order:
    """Return the order of the remaining axes after the removal of stored ones."""
    left = sorted(axis for axis in order if axis not in gone)
    return tuple(left.index(axis) for axis in order if axis not in gone)


# --- reshaping views


def reshaped(x: Any, target: list[Any]) -> Any:
    """Return x in another shape, if possible without moving elements.

    ``target`` contains sizes, ``Rows`` for an unknown number of rows, and -1 at most once.
    """
    stored, order = opened(x)
    if isinstance(stored, Tensor) and (isinstance(x, View) or stored.rows):
        found = _regrouped(stored, order, [_number(s) for s in sizes(x)], target)
        if found is not None:
            return found
    return ops.reshape(plain(x), [Rows if s == UNKNOWN else s for s in map(_number, target)])


def _number(size: Any) -> int:
    return UNKNOWN if isinstance(size, RowCount) else int(size)


def _regrouped(stored: Tensor, order: Order, old: list[int], target: list[Any]) -> Any:
    """Return the view with the stored axes merged and split in place, None if impossible."""
    new = [_number(s) for s in target]
    if -1 in new:
        known = prod(s for s in new if s != -1)
        if not known or prod(old) % known:
            return None
        new[new.index(-1)] = prod(old) // known
    if prod(old) != prod(new) or not prod(old):
        return None
    groups = _groups(old, new, order.index(0)) if stored.rows else _pieces(old, new, 0, 0)
    if groups is None:
        return None
    cut: dict[int, list[int]] = {}  # by the first stored axis of a group, its new axes
    for olds, news in groups:
        axes = [order[i] for i in olds]
        between = set(range(axes[0], axes[-1])) - set(axes)
        if axes != sorted(axes) or any(old[order.index(axis)] != 1 for axis in between):
            return None
        cut[axes[0]] = news
    listed = [i for first in sorted(cut) for i in cut[first]]
    listed += [i for i in range(len(new)) if i not in listed]  # those of size 1 are stored last
    shape: list[Any] = [new[i] for i in listed]
    if stored.rows:
        shape[0] = ops.shape(stored)[0]
    return viewed(ops.reshape(stored, shape), [listed.index(i) for i in range(len(new))])


Groups = list[tuple[list[int], list[int]]]


def _groups(old: list[int], new: list[int], rows: int) -> Groups | None:
    """Return the groups of old axes and of their new ones, with the axis of rows separate."""
    before = prod(old[:rows])
    for place, size in enumerate(new):
        if size == old[rows] and prod(new[:place]) == before:
            left = _pieces(old[:rows], new[:place], 0, 0)
            right = _pieces(old[rows + 1 :], new[place + 1 :], rows + 1, place + 1)
            return None if left is None or right is None else [*left, ([rows], [place]), *right]
    return None


def _pieces(old: list[int], new: list[int], first: int, begin: int) -> Groups | None:
    """Return the smallest groups of old and new axes, without axes of size 1."""
    olds = [(first + i, s) for i, s in enumerate(old) if s != 1]
    news = [(begin + i, s) for i, s in enumerate(new) if s != 1]
    groups: Groups = []
    while olds and news:
        (i, own), (j, made) = olds.pop(0), news.pop(0)
        group = [i], [j]
        while own != made:
            rest, side = (olds, 0) if own < made else (news, 1)
            if not rest:
                return None
            axis, size = rest.pop(0)
            group[side].append(axis)
            own, made = (own * size, made) if side == 0 else (own, made * size)
        groups.append(group)
    return None if olds or news else groups
