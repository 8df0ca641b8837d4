"""Reading a tensor at positions between its elements."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from lamina._tensors.tensor import Tensor
from lamina.ops._elements import converted
from lamina.ops.arithmetic import absolute, add, floor_divide, mod, multiply, sign, subtract
from lamina.ops.bounds import clip
from lamina.ops.comparisons import greater_equal, less, logical_and, where
from lamina.ops.indexing import flat_index
from lamina.ops.rounding import floor, trunc

# A neighbour along one axis: its index, whether it is inside (None: always), and its weight
# (None: 1).
Neighbour = tuple[Any, Any, Any]


def _mirrored(index: Tensor, size: int) -> Any:
    """Return indices that run back and forth, without repeating the ends."""
    if size == 1:
        return multiply(index, 0.0)
    return absolute(subtract(mod(add(index, size - 1.0), 2.0 * (size - 1)), size - 1.0))


def _reflected(index: Tensor, size: int) -> Any:
    """Return indices that run back and forth, repeating the ends."""
    twice = _mirrored(add(multiply(index, 2.0), 1.0), 2 * size + 1)
    return floor_divide(subtract(twice, 1.0), 2.0)


FILLS: dict[str, Callable[[Tensor, int], Any]] = {
    "constant": lambda index, size: clip(index, 0.0, size - 1.0),
    "nearest": lambda index, size: clip(index, 0.0, size - 1.0),
    "wrap": lambda index, size: mod(index, float(size)),
    "mirror": _mirrored,
    "reflect": _reflected,
}


def rounded(x: Any) -> Any:
    """Return the nearest integers, with ties away from 0."""
    return trunc(add(x, multiply(sign(x), 0.5)))


def between(places: Any, size: int, order: int, fill_mode: str) -> list[Neighbour]:
    """Return the elements of an axis next to the positions, with their weights."""
    if order == 0:
        found = [(rounded(places), None)]
    else:
        low = floor(places)
        share = subtract(places, low)
        found = [(low, subtract(1.0, share)), (add(low, 1.0), share)]
    neighbours: list[Neighbour] = []
    for index, weight in found:
        inside = None
        if fill_mode == "constant":
            inside = logical_and(greater_equal(index, 0.0), less(index, float(size)))
        neighbours.append((converted(FILLS[fill_mode](index, size), "int32"), inside, weight))
    return neighbours


def read(
    along: list[list[Neighbour]], sizes: list[int], pick: Callable[[Any], Any], fill: float
) -> Any:
    """Return the weighted sums of the neighbours along all axes.

    ``pick`` returns the elements at indices into the flattened axes.
    """
    total: Any = None
    for corner in product(*along):
        value = pick(flat_index([index for index, _, _ in corner], sizes))
        for _, inside, _ in corner:
            value = value if inside is None else where(inside, value, fill)
        for _, _, weight in corner:
            value = value if weight is None else multiply(value, weight)
        total = value if total is None else add(total, value)
    return total
