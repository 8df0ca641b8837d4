"""The order in which the slices of a batch are summed: the same binary tree in all processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache

from lamina import _core
from lamina._check import Array

Node = tuple[int, int]  # the slices from the first number up to the second


def middle(start: int, stop: int) -> int:
    """Return where a node of at least two slices is split: after the largest power of two."""
    return start + (1 << (stop - start - 1).bit_length() - 1)


def nodes(start: int, stop: int, first: int, last: int) -> Iterator[Node]:
    """Yield the largest nodes below ``(start, stop)`` that lie within ``(first, last)``."""
    if first <= start and stop <= last:
        yield start, stop
    elif start < last and first < stop:
        half = middle(start, stop)
        yield from nodes(start, half, first, last)
        yield from nodes(half, stop, first, last)


def add_up(start: int, stop: int, held: Mapping[Node, Array]) -> Array | None:
    """Return the sum of a node, made in the array of its first part; None if there is none.

    ``held`` has the values of some nodes; nodes that are not in it add nothing.
    """
    found = held.get((start, stop))
    if found is not None or stop - start == 1:
        return found
    half = middle(start, stop)
    left, right = add_up(start, half, held), add_up(half, stop, held)
    if left is None or right is None:
        return right if left is None else left
    _core.kernels.add_into(left, right)
    return left


def pairs_up(listed: Sequence[Node]) -> bool:
    """Return whether the tree adds these nodes in pairs, then pairs of pairs, and so on."""
    while len(listed) > 1:
        pairs = list(zip(listed[::2], listed[1::2], strict=False))
        whole = 2 * len(pairs) == len(listed)
        if not whole or any(middle(a[0], b[1]) != a[1] for a, b in pairs):
            return False
        listed = [(a[0], b[1]) for a, b in pairs]
    return True


class Slices:
    """The cutting of batches into slices, and their assignment to processes.

    Parameters
    ----------
    count : int
        The number of slices of each batch.
    processes : int
    """

    def __init__(self, count: int, processes: int) -> None:
        self.count, self.processes = count, processes
        self.bounds_of = lru_cache(64)(self._bounds)
        self.nodes_of = lru_cache(64)(self._nodes)

    def of(self, process: int) -> range:
        """Return the slices of a process: as many as those of any other process, or one more."""
        count, processes = self.count, self.processes
        return range(process * count // processes, (process + 1) * count // processes)

    def _bounds(self, rows: int) -> list[Node]:
        """Return where each slice of a batch with this number of rows begins and ends."""
        count = self.count
        return [(k * rows // count, (k + 1) * rows // count) for k in range(count)]

    def most(self, rows: int) -> int:
        """Return the largest number of rows in a slice of such a batch."""
        return -(-rows // self.count)

    def fewest(self, rows: int) -> int:
        """Return the smallest number of rows in a slice of such a batch."""
        return rows // self.count

    def _nodes(self, rows: int) -> list[list[Node]]:
        """Return for each process the sums that it makes alone, for a batch of this size."""
        bounds = self.bounds_of(rows)

        def has_rows(node: Node) -> bool:
            return bounds[node[0]][0] < bounds[node[1] - 1][1]

        return [
            [node for node in nodes(0, self.count, own.start, own.stop) if has_rows(node)]
            for own in map(self.of, range(self.processes))
        ]

    def pair_up(self, rows: int) -> bool:
        """Return whether each process makes one sum alone, and the tree adds those up in pairs."""
        each = self.nodes_of(rows)
        return all(len(own) == 1 for own in each) and pairs_up([own[0] for own in each])

    def add_own(self, rows: int, process: int, held: MutableMapping[Node, Array]) -> list[Array]:
        """Return the sums that a process makes alone; ``held`` has the values of its slices."""
        own = [add_up(start, stop, held) for start, stop in self.nodes_of(rows)[process]]
        return [each for each in own if each is not None]
